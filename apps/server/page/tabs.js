// Tabs as the ARIA practices describe them: arrow keys move between them, Tab leaves them.

export class Tabs {
  #list;
  /** onChange(name): the tab of this name was chosen. */
  constructor(list, onChange) {
    this.#list = list;
    this.onChange = onChange;
    list.addEventListener('click', (event) => {
      const tab = event.target.closest('[role=tab]');
      if (tab) this.choose(tab.getAttribute('aria-controls'));
    });
    list.addEventListener('keydown', (event) => {
      const tabs = this.#shown();
      const at = tabs.indexOf(document.activeElement);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      const tab = tabs[(to + tabs.length) % tabs.length];
      tab.focus();
      this.choose(tab.getAttribute('aria-controls'));
    });
  }

  #all() { return [...this.#list.querySelectorAll('[role=tab]')]; }
  #shown() { return this.#all().filter((tab) => !tab.hidden); }

  /** Hides the tabs of what cannot be done. */
  offer(names) {
    for (const tab of this.#all()) tab.hidden = !names.includes(tab.getAttribute('aria-controls'));
    if (this.#shown().length) this.choose(this.#shown()[0].getAttribute('aria-controls'));
  }

  choose(name) {
    this.chosen = name;
    for (const tab of this.#all()) {
      const chosen = tab.getAttribute('aria-controls') === name;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')).hidden = !chosen;
    }
    this.onChange(name);
  }
}
