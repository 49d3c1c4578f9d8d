import { apiPrefix } from '../../../../console/api/address.ts';
import { problemType } from '../../../../console/answers.ts';
import { problem, type Problem } from '../../../../console/api/problem.ts';
import { endpoints } from '../../../../console/api/registry.ts';
import { addToken, makeApiToken } from '../../../../shared/operator/api-tokens.ts';
import type { Role } from '../../../../shared/store/states/role.ts';
import type { ConsoleBrowser } from '../../../support/console-browser.ts';
import type { TestRuntime } from '../../../support/test-runtime.ts';
import { PagesScene } from '../pages/pages-scene.ts';

export interface Asked {
  readonly method?: string;
  /** Below the prefix. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Awaited<ReturnType<ConsoleBrowser['send']>>['headers'];
  readonly text: string;
  /** What the text says, if there is any. */
  readonly json: unknown;
}

/** The HTTP API over a store and a spool of its own. Whatever it answers is compared with what it says that it answers. */
export class ApiScene {
  readonly pages: PagesScene;
  readonly #client: ConsoleBrowser;
  readonly #tokens = new Map<Role, string>();

  private constructor(pages: PagesScene) {
    this.pages = pages;
    this.#client = pages.stranger();
  }

  static async open(config: object = {}): Promise<ApiScene> {
    return new ApiScene(await PagesScene.open(config));
  }

  get rt(): TestRuntime {
    return this.pages.rt;
  }

  /** A new token of that role. */
  async addToken(name: string, role: Role, days = 90): Promise<string> {
    const token = makeApiToken();
    const operator = { who: 'test', reason: 'a test', now: this.rt.clock.now() };
    await addToken(this.rt.db, operator, { name, role, days }, token);
    return token;
  }

  /** The token `some-<role>`. */
  async token(role: Role): Promise<string> {
    const token = this.#tokens.get(role) ?? (await this.addToken(`some-${role}`, role));
    this.#tokens.set(role, token);
    return token;
  }

  /** @throws when the answer is not what the endpoint, or any problem, is said to be */
  async ask({ method = 'GET', path, token, body, headers = {} }: Asked): Promise<Answered> {
    const answer = await this.#client.send(path.startsWith('/api') ? path : apiPrefix + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const json: unknown = answer.text === '' ? undefined : JSON.parse(answer.text);
    checkAnswer(method, path, { ...answer, json });
    return { ...answer, json };
  }

  /** What somebody of that role gets. @throws unless it is 200 */
  async get(path: string, role: Role = 'viewer'): Promise<unknown> {
    const { status, json, text } = await this.ask({ path, token: await this.token(role) });
    if (status !== 200) throw new Error(`${path} was answered with ${status}: ${text}`);
    return json;
  }

  /** A change that is refused. */
  async refusal(asked: Asked): Promise<Problem> {
    const { status, json, text } = await this.ask(asked);
    if (status < 400) throw new Error(`${asked.path} was answered with ${status}: ${text}`);
    return problem.parse(json);
  }

  /** All rows of the store, but for when a token was used. */
  async everything(): Promise<string> {
    const { db } = this.rt;
    const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
    const rows = await Promise.all(
      tables.map(({ name }) =>
        db
          .selectFrom(name as 'api_token')
          .selectAll()
          .execute(),
      ),
    );
    return JSON.stringify(rows, (key, value: unknown) => (key === 'last_used_at' ? undefined : value));
  }

  close(): Promise<void> {
    return this.pages.close();
  }
}

function checkAnswer(method: string, path: string, { status, headers, json }: Omit<Answered, 'text'>): void {
  const type = headers['content-type'];
  if (headers['cache-control'] !== 'no-store') throw new Error(`${path} may be kept`);
  if (headers['set-cookie'] !== undefined) throw new Error(`${path} sets a cookie`);
  if (method === 'HEAD' || status === 204) return;
  if (status >= 400) {
    if (type !== problemType) throw new Error(`${path} has the type ${type ?? ''}`);
    if (problem.parse(json).status !== status) throw new Error(`${path} says another status than it has`);
    return;
  }
  const endpoint = endpointAt(method, path);
  if (type !== 'application/json; charset=utf-8') throw new Error(`${path} has the type ${type ?? ''}`);
  if (endpoint.status !== status) throw new Error(`${path} was answered with ${status}`);
  endpoint.response.parse(json);
}

/** The endpoint that answers there. */
export function endpointAt(method: string, path: string) {
  const steps = (path.split('?')[0] ?? '').replace(apiPrefix, '').split('/');
  const found = endpoints.filter((endpoint) => {
    const pattern = endpoint.path.split('/');
    const fits = pattern.every((step, index) => step.startsWith(':') || step === steps[index]);
    return endpoint.method === method && pattern.length === steps.length && fits;
  });
  const [first, ...others] = found;
  if (first === undefined || others.length > 0)
    throw new Error(`${found.length} endpoints at ${method} ${path}`);
  return first;
}
