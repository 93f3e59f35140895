// A network between browser and server that can be cut: bytes pass through it, or nothing does.

import { connect, createServer } from "node:net";

/** A relay in front of a server. */
export class Relay {
  /**
   * @param {string} target the server's URL
   * @returns {Promise<Relay>}
   */
  static async before(target) {
    const relay = new Relay(new URL(target));
    await new Promise((resolve) => relay.listener.listen(0, "127.0.0.1", () => resolve(undefined)));
    const address = /** @type {import("node:net").AddressInfo} */ (relay.listener.address());
    relay.url = `http://127.0.0.1:${address.port}`;
    return relay;
  }

  /** @param {URL} target */
  constructor(target) {
    this.url = "";
    this.isCut = false;
    /** @type {Set<import("node:net").Socket>} */
    this.sockets = new Set();
    this.listener = createServer((near) => this.#pass(near, target));
  }

  /**
   * @param {import("node:net").Socket} near
   * @param {URL} target
   */
  #pass(near, target) {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      this.sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }

  /** From now on nothing passes, and what passed before is cut off in the middle. */
  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** New connections pass again. */
  restore() {
    this.isCut = false;
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}
