import type { Server } from 'node:https';

import type { Runtime } from '../shared/daemon/process.ts';
import { faultFields } from '../shared/runtime/events.ts';
import { RereadFiles } from '../shared/runtime/reread-files.ts';
import {
  readServerCredentials,
  serverCredentialPaths,
  type ServerCredentials,
} from '../shared/runtime/server-credentials.ts';

const holder = { setting: 'console', prefix: 'console' };
const minVersion = 'TLSv1.2';

/** Certificate and key of the console; renewed ones are shown without a restart. */
export class Certificate {
  readonly #runtime: Runtime;
  readonly #files: RereadFiles<ServerCredentials>;
  #shown: ServerCredentials;

  private constructor(runtime: Runtime, files: RereadFiles<ServerCredentials>, shown: ServerCredentials) {
    this.#runtime = runtime;
    this.#files = files;
    this.#shown = shown;
  }

  /** @throws Fault KEY_UNREADABLE, SECRET_EXPOSED */
  static async read(runtime: Runtime): Promise<Certificate> {
    const { home, config } = runtime.loaded;
    const files = new RereadFiles({
      paths: serverCredentialPaths(home, holder, config.console),
      clock: runtime.clock,
      read: () => readServerCredentials(home, holder, config.console),
      onRefused: (fault) => runtime.emit('console.credentials-refused', faultFields(fault)),
    });
    return new Certificate(runtime, files, await files.current());
  }

  /** For a new server. */
  get options(): ServerCredentials & { readonly minVersion: typeof minVersion } {
    return { ...this.#shown, minVersion };
  }

  /** Has a server show what the files hold now; connections that there are go on with what they know. */
  async renew(server: Pick<Server, 'setSecureContext'>): Promise<void> {
    const present = await this.#files.current();
    if (present === this.#shown) return;
    this.#shown = present;
    server.setSecureContext(this.options);
    const { certificateFile } = this.#runtime.loaded.config.console;
    this.#runtime.emit('console.certificate-renewed', { certificateFile });
  }
}
