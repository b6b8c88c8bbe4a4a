// Pictures kept in the browser (IndexedDB), newest first, so that they are still there after a
// reload. The oldest leave when there are too many or they take too much room. Where the browser
// keeps nothing (some private windows) they live as long as the page.

const kDatabase = 'showo';
const kStore = 'pictures';
const kMostPictures = 150;
const kMostBytes = 100 * 2 ** 20;

const promised = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function openDatabase() {
  const request = indexedDB.open(kDatabase, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(kStore, { keyPath: 'id' });
  return promised(request);
}

const bytesOf = (picture) =>
  picture.blob.size + (picture.recipe?.image?.size ?? 0) + (picture.recipe?.mask?.size ?? 0);

export class Album {
  /** Newest first. A picture: {id, blob, width, height, created, batch, seed, recipe, turns}. */
  pictures = [];
  kept = true;
  #database = null;

  static async open() {
    const album = new Album();
    try {
      album.#database = await openDatabase();
      album.pictures = await promised(album.#store('readonly').getAll());
      album.pictures.sort((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1));
    } catch {
      album.kept = false;
    }
    return album;
  }

  #store(mode) { return this.#database.transaction(kStore, mode).objectStore(kStore); }

  async #write(change) {
    if (!this.kept) return;
    try {
      await promised(change(this.#store('readwrite')));
    } catch {
      this.kept = false;  // no room, or the database was taken away
    }
  }

  find(id) { return this.pictures.find((picture) => picture.id === id); }

  /** Adds pictures that belong together in front, and lets the oldest go. */
  async add(pictures) {
    this.pictures.unshift(...pictures);
    for (const picture of pictures) await this.#write((store) => store.put(picture));
    let bytes = 0;
    const first = this.pictures.findIndex((picture, index) => {
      bytes += bytesOf(picture);
      return index >= pictures.length && (index >= kMostPictures || bytes > kMostBytes);
    });
    if (first >= 0)
      for (const old of this.pictures.splice(first)) await this.#write((store) => store.delete(old.id));
  }

  /** Writes a picture that has changed, such as its conversation. */
  async update(picture) {
    if (this.find(picture.id)) await this.#write((store) => store.put(picture));
  }

  async remove(picture) {
    this.pictures = this.pictures.filter((other) => other !== picture);
    await this.#write((store) => store.delete(picture.id));
  }

  /** Puts a removed picture back where it was. */
  async restore(picture, index) {
    this.pictures.splice(index, 0, picture);
    await this.#write((store) => store.put(picture));
  }

  async clear() {
    this.pictures = [];
    await this.#write((store) => store.clear());
  }
}
