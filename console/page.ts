import type { Runtime } from '../shared/daemon/process.ts';
import type { Role } from '../shared/store/states/role.ts';
import type { Operator } from '../shared/operator/operator.ts';
import type { Html } from './html.ts';
import type { Values } from './values.ts';

/** The contract between the server and its pages. */

export const menuGroups = ['Operation Monitoring', 'Daily Operations', 'System Configuration'] as const;
export type MenuGroup = (typeof menuGroups)[number];

/** Who is signed in. */
export interface User {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
}

/** What a page has at hand, beside the request. */
export interface Context extends Runtime {
  readonly user: User;
  /** Goes into every form (`actionForm` does it): nobody else can make the browser of a user post one. */
  readonly csrf: string;
  /** Digest of the session's token. */
  readonly session: string;
}

export interface PageRequest {
  /** The path as it was asked for, without the query. */
  readonly path: string;
  /** Of the pattern: `:job` in `/jobs/:job`. */
  readonly params: Values;
  readonly query: Values;
}

export interface ActionRequest extends PageRequest {
  /** Fields of the form. */
  readonly form: Values;
}

export interface Page {
  /** `/jobs`, `/jobs/:job`. */
  readonly path: string;
  readonly title: string;
  /** In place of the title, where the heading names what is shown: `File 31`. */
  readonly heading?: (request: PageRequest) => string;
  /** Stands in this group of the menu, under its title; without, it is reached from another page. */
  readonly menu?: MenuGroup;
  /** The least role that may see it. */
  readonly role: Role;
  /** Seconds after which the content is fetched anew, where scripts run. */
  readonly refreshSeconds?: number;
  /** What stands in <main> below the heading. @throws Fault NOT_FOUND, BAD_INPUT, … shown as a page */
  readonly render: (context: Context, request: PageRequest) => Promise<Html>;
}

export interface StreamRequest extends PageRequest {
  /** Id of the last message that the browser has, when it comes back. */
  readonly after: string | undefined;
}

export interface StreamMessage {
  readonly event: string;
  readonly content: Html;
  /** With it the browser asks for what follows. */
  readonly id: string;
}

/** The part of a page that goes on by itself, as server-sent events. */
export interface Stream {
  readonly path: string;
  readonly role: Role;
  /** The next message is asked for when the last one was taken, until the signal. @throws Fault before the first one */
  readonly open: (
    context: Context,
    request: StreamRequest,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<StreamMessage>>;
}

/** Where to go after an action, and what is said there, once. */
export interface Redirect {
  /** A path of ours. */
  readonly to: string;
  readonly notice: string;
}

/** What a POST does. */
export interface Action {
  readonly path: string;
  /** Stands above what is shown when `run` answers with a page of its own. */
  readonly title: string;
  readonly role: Role;
  /** Html only for what is shown once and never again, like a new password. @throws Fault, shown as a page */
  readonly run: (context: Context, request: ActionRequest) => Promise<Redirect | Html>;
}

/** The signed-in user as the operator of an action, with the reason of the form. @throws Fault BAD_INPUT without one */
export const operatorOf = (context: Context, request: ActionRequest): Operator => ({
  who: context.user.name,
  reason: request.form.text('reason', 500),
  now: context.clock.now(),
});
