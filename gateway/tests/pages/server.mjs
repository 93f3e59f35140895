// The program under test: each scene has a server of its own, on a free port and an empty directory.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Where cargo puts what it builds. */
export const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");

/** The token of the operator whom every server here knows. */
export const ADMIN_TOKEN = "correct-horse-battery-staple";

const PROGRAM = join(TARGET, "debug", "holdfast");

const SETTINGS = {
  "log.level": '"warn"',
  "metrics.listen": '""',
  // Passwords are hashed at the least cost, and segments have the least size.
  "accounts.hash_memory_kib": "8192",
  "accounts.hash_passes": "1",
  "journal.segment_bytes": "1048576",
  "journal.batch_bytes_max": "524288",
  // A browser works beside it: what is answered late here is no sign of too many requests.
  "overload.latency_target_ms": "60000",
};

/** A running server. */
export class Server {
  /**
   * Starts one, and waits until it listens.
   * @param {Record<string, string>} [settings] keys of the configuration, each with its value as TOML
   * @returns {Promise<Server>}
   */
  static async start(settings = {}) {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-pages."));
    const words = Object.entries({ ...SETTINGS, ...settings }).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const child = spawn(PROGRAM, ["--listen", "127.0.0.1:0", "--data", join(directory, "data"), ...words], {
      env: { PATH: process.env.PATH, HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const server = new Server(child, directory);
    server.url = await server.#listens();
    return server;
  }

  /**
   * @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} child
   * @param {string} directory
   */
  constructor(child, directory) {
    this.url = "";
    /** The address of the administration, where it is apart. @type {string | null} */
    this.adminUrl = null;
    this.directory = directory;
    this.log = "";
    this.child = child;
    this.ended = new Promise((resolve) => child.once("close", resolve));
    child.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));
  }

  /** @returns {Promise<string>} */
  async #listens() {
    let url = "";
    for await (const line of createInterface({ input: this.child.stdout })) {
      this.log += `${line}\n`;
      url ||= / listens on (http:\S+)/.exec(line)?.[1] ?? "";
      this.adminUrl ??= /^Administration and metrics: (http:\S+)/.exec(line)?.[1] ?? null;
      if (/^Data directory/.test(line)) break;
    }
    if (url === "") throw new Error(`the server does not start:\n${this.log}`);
    this.child.stdout.resume();
    return url;
  }

  /**
   * Makes a token for an organiser, which the server knows within `server.reread_seconds`.
   * @param {string} name
   * @param {"viewer" | "operator"} role
   * @returns {Promise<string>}
   */
  async token(name, role) {
    const { stdout } = await promisify(execFile)(PROGRAM, ["token", "add", name, "--role", role, "--data", join(this.directory, "data")]);
    return stdout.trim().split(/\s+/).at(-1) ?? "";
  }

  /** Kills it, takes its directory away, and fails where its log tells of a fault. */
  async stop() {
    this.child.kill("SIGKILL");
    await this.ended;
    await rm(this.directory, { recursive: true, force: true });
    const fault = this.log.split("\n").find((line) => /panicked at|a request failed/.test(line));
    if (fault) throw new Error(`the server's log tells of a fault: ${fault}`);
  }
}
