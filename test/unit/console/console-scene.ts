import { html } from '../../../console/html.ts';
import type { Action, Page, Stream } from '../../../console/page.ts';
import type { StreamLimits } from '../../../console/streams.ts';
import { ConsoleServer } from '../../../console/server.ts';
import { addUser } from '../../../shared/operator/console-users.ts';
import { argon2, type Passwords } from '../../../shared/operator/passwords.ts';
import type { Role } from '../../../shared/store/states/role.ts';
import { ConsoleBrowser } from '../../support/console-browser.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

export const password = 'correct horse battery';

/** Argon2 itself, which counts how often it is asked. */
export class CountedPasswords implements Passwords {
  hashed = 0;
  verified = 0;

  hash(text: string): Promise<string> {
    this.hashed++;
    return argon2.hash(text);
  }

  verify(hashed: string, text: string): Promise<boolean> {
    this.verified++;
    return argon2.verify(hashed, text);
  }
}

interface SceneOptions {
  readonly console?: object;
  readonly pages?: readonly Page[];
  readonly actions?: readonly Action[];
  readonly streams?: readonly Stream[];
  readonly streamLimits?: StreamLimits;
}

/** The console on a free port of this machine, over a store of its own. */
export class ConsoleScene {
  readonly runtime: TestRuntime;
  readonly server: ConsoleServer;
  readonly passwords: CountedPasswords;

  private constructor(runtime: TestRuntime, server: ConsoleServer, passwords: CountedPasswords) {
    this.runtime = runtime;
    this.server = server;
    this.passwords = passwords;
  }

  static async open({ console = {}, ...registry }: SceneOptions = {}): Promise<ConsoleScene> {
    const runtime = await testRuntime({
      store: { url: 'sqlite:enrol.db' },
      console: { address: '127.0.0.1:0', ...console },
    });
    const passwords = new CountedPasswords();
    const server = await ConsoleServer.open(runtime, { passwords, ...registry });
    return new ConsoleScene(runtime, server, passwords);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  async addUser(name: string, role: Role, { oneTime = false } = {}): Promise<void> {
    const operator = { who: 'test', reason: 'a test', now: this.runtime.clock.now() };
    await addUser(this.runtime.db, argon2, operator, { name, role, password, oneTime });
  }

  browser(): ConsoleBrowser {
    return new ConsoleBrowser({ origin: this.origin });
  }

  /** A browser in which a new user of that role is signed in. */
  async signedIn(role: Role, name = `user-${role}`): Promise<ConsoleBrowser> {
    await this.addUser(name, role);
    const browser = this.browser();
    const { status } = await browser.signIn(name, password);
    if (status !== 303) throw new Error(`signing in was answered with ${status}`);
    return browser;
  }

  /** Fields of the events of that name. */
  told(name: string): object[] {
    return this.runtime.events.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  audited(): Promise<{ who: string; action: string; subject: string; after_json: string | null }[]> {
    return this.runtime.db
      .selectFrom('audit')
      .select(['who', 'action', 'subject', 'after_json'])
      .orderBy('id')
      .execute();
  }

  async close(): Promise<void> {
    await this.server.finish();
    await this.runtime.close();
  }
}

/** A page and an action that count who gets through. */
export function probes(): { pages: Page[]; actions: Action[]; counts: { page: number; action: number } } {
  const counts = { page: 0, action: 0 };
  const page: Page = {
    path: '/probe',
    title: 'Probe',
    menu: 'Daily Operations',
    role: 'viewer',
    render: () => {
      counts.page++;
      return Promise.resolve(html`<p>Here is the probe.</p>`);
    },
  };
  const action: Action = {
    path: '/probe/act',
    title: 'Act',
    role: 'operator',
    run: () => {
      counts.action++;
      return Promise.resolve({ to: '/probe', notice: 'It is done.' });
    },
  };
  return { pages: [page], actions: [action], counts };
}
