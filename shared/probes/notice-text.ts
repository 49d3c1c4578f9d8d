import type { ProbeChange } from '../store/probes.ts';
import { probeStates } from '../store/states/probe.ts';

/** What people and programs are told. Pure. */

/** A notice with what it is about. */
export interface NoticeContent {
  readonly uid: string;
  /** Where it comes from. */
  readonly host: string;
  /** Address of the console, without a slash at its end; empty: links are paths. */
  readonly consoleUrl: string;
  readonly createdAt: string;
  /** Oldest first; none: it is a test. */
  readonly changes: readonly ProbeChange[];
  /** Further changes that are not listed. */
  readonly more: number;
}

export interface MailText {
  readonly subject: string;
  readonly text: string;
}

export function mailText(content: NoticeContent): MailText {
  const { changes, host, more } = content;
  const begin = `[enrol ${host}]`;
  if (changes.length === 0) {
    const text = `This is a test: somebody wanted to know whether notices arrive.\n`;
    return { subject: `${begin} test`, text };
  }
  const [worst] = probeStates.flatMap((state) => changes.filter(({ after }) => after === state));
  const others = changes.length + more - 1;
  const subject = `${begin} ${worst?.after}: ${worst?.probe}${others > 0 ? ` and ${others} more` : ''}`;
  const blocks = changes.map((change) => changeText(change, content));
  const rest = more > 0 ? [`${more} more: see ${linkOf('/probes', content)}\n`] : [];
  return { subject: oneLine(subject), text: [...blocks, ...rest].join('\n') };
}

const changeText = (change: ProbeChange, content: NoticeContent): string =>
  [
    `${change.after.toUpperCase()}, before ${change.before ?? 'not looked at'}: ${oneLine(change.probe)}`,
    `  ${oneLine(change.sentence)}`,
    `  ${change.at} ${linkOf(change.link, content)}`,
    '',
  ].join('\n');

const linkOf = (path: string, { consoleUrl }: NoticeContent): string => `${consoleUrl}${path}`;

/** Nothing in it begins another header, or steers a terminal. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');

/** The same bytes with every attempt, so that the signature and the id tell a repetition. */
export const webhookBody = (content: NoticeContent): string =>
  JSON.stringify({
    version: 1,
    id: content.uid,
    host: content.host,
    createdAt: content.createdAt,
    test: content.changes.length === 0,
    changes: content.changes.map(({ link, ...change }) => ({ ...change, link: linkOf(link, content) })),
    more: content.more,
  });
