import { join } from 'node:path';

import { ConsoleServer } from '../../../../console/server.ts';
import { addUser } from '../../../../shared/operator/console-users.ts';
import { argon2 } from '../../../../shared/operator/passwords.ts';
import type { Fault } from '../../../../shared/runtime/faults.ts';
import type { Inbox } from '../../../../shared/spool/inbox.ts';
import { InboxWorker } from '../../../../shared/spool/inbox-worker.ts';
import type { Delivery } from '../../../../shared/store/deliveries.ts';
import { listDeliveries } from '../../../../shared/store/delivery-lists.ts';
import type { Role } from '../../../../shared/store/states/role.ts';
import { ConsoleBrowser, type Answer } from '../../../support/console-browser.ts';
import { drop, openTestInbox, withSettings } from '../../../support/temporary-spool.ts';
import { testRuntime, type TestRuntime } from '../../../support/test-runtime.ts';

const password = 'correct horse battery';

/** The console with all its pages, over a store and a spool of its own. */
export class PagesScene {
  readonly rt: TestRuntime;
  readonly #server: ConsoleServer;
  readonly #browsers = new Map<Role, ConsoleBrowser>();

  private constructor(rt: TestRuntime, server: ConsoleServer) {
    this.rt = rt;
    this.#server = server;
  }

  static async open(config: object = {}): Promise<PagesScene> {
    const rt = await testRuntime({
      store: { url: 'sqlite:enrol.db' },
      console: { address: '127.0.0.1:0' },
      ...config,
    });
    return new PagesScene(rt, await ConsoleServer.open(rt));
  }

  stranger(): ConsoleBrowser {
    return new ConsoleBrowser({ origin: `http://127.0.0.1:${this.#server.port}` });
  }

  /** A browser in which the user `some-<role>` is signed in. */
  async as(role: Role): Promise<ConsoleBrowser> {
    const present = this.#browsers.get(role);
    if (present) return present;
    const operator = { who: 'test', reason: 'a test', now: this.rt.clock.now() };
    const name = `some-${role}`;
    await addUser(this.rt.db, argon2, operator, { name, role, password, oneTime: false });
    const browser = this.stranger();
    const { status } = await browser.signIn(name, password);
    if (status !== 303) throw new Error(`signing in was answered with ${status}`);
    this.#browsers.set(role, browser);
    return browser;
  }

  /** What a page says: its text without the tags, and blanks as one. @throws unless it is shown */
  async read(path: string, role: Role = 'viewer'): Promise<string> {
    return wordsOf(await this.page(path, role));
  }

  /** The content of a page as it is. @throws unless it is shown */
  async page(path: string, role: Role = 'viewer'): Promise<string> {
    const answer = await (await this.as(role)).get(path);
    if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}: ${answer.text}`);
    return contentOf(answer);
  }

  /** Sends a form, and follows to the page that it leads to. @returns what that says */
  async act(path: string, fields: Record<string, string>, role: Role = 'operator'): Promise<string> {
    const browser = await this.as(role);
    const answer = await browser.post(path, fields);
    if (answer.status !== 303) throw new Error(`${path} was answered with ${answer.status}: ${answer.text}`);
    return wordsOf(contentOf(await browser.get(answer.headers.location ?? '')));
  }

  /** Sends a form that is refused. */
  async refusal(path: string, fields: Record<string, string>, role: Role): Promise<[number, string]> {
    const { status, text } = await (await this.as(role)).post(path, fields);
    return [status, wordsOf(text)];
  }

  /** The audit, but for what is about the users themselves. */
  audited(): Promise<{ who: string; action: string; subject: string; reason: string | null }[]> {
    return this.rt.db
      .selectFrom('audit')
      .select(['who', 'action', 'subject', 'reason'])
      .where('subject', 'not like', 'user %')
      .orderBy('id')
      .execute();
  }

  async close(): Promise<void> {
    await this.#server.finish();
    await this.rt.close();
  }

  /** The inbox of the warehouse, in the spool of the installation. */
  inbox(): Promise<Inbox> {
    return openTestInbox(this.rt.db, join(this.rt.loaded.home, 'spool'), this.rt);
  }

  /** A file arrives, and ends with a fault. @returns its row */
  async refused(name: string, fault: Fault): Promise<Delivery> {
    const inbox = withSettings(await this.inbox(), { quietSeconds: 0 });
    await drop(inbox, name);
    const worker = new InboxWorker(inbox, () => Promise.reject(fault));
    for (let round = 0; round < 3; round++) {
      this.rt.pass(1);
      await worker.step(new AbortController().signal);
    }
    const [row] = await listDeliveries(this.rt.db, { limit: 1 });
    if (row?.name !== name) throw new Error(`${name} was not taken`);
    return row;
  }
}

const contentOf = ({ text }: Answer): string => /<main[^]*<\/main>/.exec(text)?.[0] ?? '';

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };

/** As a reader sees it. */
export const wordsOf = (page: string): string =>
  page
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => named[name] ?? '')
    .replace(/\s+/g, ' ')
    .trim();

/** The cells of the rows of a page's tables, as a reader sees them. */
export const rowsOf = (page: string): string[][] =>
  [...page.matchAll(/<tr>([^]*?)<\/tr>/g)]
    .map(([, row = '']) => [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, cell = '']) => wordsOf(cell)))
    .filter((row) => row.length > 0);

/** Where the link of these words leads to. @throws when there is none */
export function linkOf(page: string, words: string): string {
  const links = [...page.matchAll(/<a\s[^>]*?href="([^"]*)"[^>]*>([^]*?)<\/a>/g)];
  const found = links.find(([, , text = '']) => wordsOf(text) === words);
  if (!found) throw new Error(`there is no link ${words}`);
  return wordsOf(found[1] ?? '');
}
