// Server-sent events of a fetch response (text/event-stream), which EventSource cannot read because
// it only sends GET. Lines that begin with a colon keep the connection alive and mean nothing.

export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let event = { type: 'message', data: [] };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (event.data.length) yield { type: event.type, data: event.data.join('\n') };
          event = { type: 'message', data: [] };
          continue;
        }
        const [, field, content] = line.match(/^([^:]*):? ?(.*)$/);
        if (field === 'event') event.type = content;
        if (field === 'data') event.data.push(content);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
