// Where a feed gets its messages from: a stream of server-sent events, or a WebSocket. Both look the same to it.

/**
 * @typedef {object} Listener
 * @property {() => void} onReady nothing on the way holds it back, although nothing may have been told yet
 * @property {(kind: string, data: any, id: string | null) => void} onMessage
 * @property {(isClosed: boolean) => void} onError `isClosed` says that the source does not try again by itself
 */

/**
 * @typedef {object} Source
 * @property {() => void} close
 */

/** @typedef {(listener: Listener) => Source} OpenSource */

const KINDS = ["stats", "hold", "booking", "queue", "server"];

/**
 * A stream of server-sent events. The browser comes back by itself, and says where it was. That it is open proves nothing: what
 * is on the way may let the head of an answer pass, and hold back the rest.
 * @param {string} path
 * @returns {OpenSource}
 */
export function streamSource(path) {
  return ({ onMessage, onError }) => {
    const source = new EventSource(path);
    source.onerror = () => onError(source.readyState === EventSource.CLOSED);
    for (const kind of KINDS) {
      source.addEventListener(kind, ({ data, lastEventId }) => onMessage(kind, JSON.parse(data), lastEventId || null));
    }
    return source;
  };
}

/**
 * A WebSocket that tells of these subscriptions.
 * @param {string[]} subscribe
 * @returns {OpenSource}
 */
export function socketSource(subscribe) {
  return ({ onReady, onMessage, onError }) => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/v1/ws`);
    socket.onopen = () => {
      socket.send(JSON.stringify({ subscribe }));
      onReady();
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      onMessage(message.event, message.data, message.id === null ? null : String(message.id));
    };
    socket.onclose = () => onError(true);
    return {
      close: () => {
        socket.onclose = null;
        socket.close();
      },
    };
  };
}
