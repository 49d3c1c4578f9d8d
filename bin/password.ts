import { text } from 'node:stream/consumers';
import type { ReadStream } from 'node:tty';

import { Fault } from '../shared/runtime/faults.ts';
import { readPrivateFile } from '../shared/runtime/secrets.ts';

/**
 * A new password: from a file that only its owner may read, else typed twice at the terminal, else the first line of
 * stdin. Never from the command line, which everybody on the machine can read.
 *
 * @throws Fault BAD_INPUT, KEY_UNREADABLE, SECRET_EXPOSED
 */
export async function readNewPassword(file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(await readPrivateFile(file));
  if (!process.stdin.isTTY) return firstLine(await text(process.stdin));
  const password = await ask(process.stdin, 'New password: ');
  if (password !== (await ask(process.stdin, 'Once more: '))) {
    throw new Fault('BAD_INPUT', 'the password was typed in two ways');
  }
  return password;
}

const firstLine = (content: string): string => content.split(/\r?\n/, 1)[0] ?? '';

/** Asks on stderr, and shows nothing of what is typed. */
async function ask(terminal: ReadStream, question: string): Promise<string> {
  terminal.setRawMode(true);
  process.stderr.write(question);
  terminal.resume().setEncoding('utf8');
  try {
    return await typedLine(terminal);
  } finally {
    terminal.setRawMode(false);
    process.stderr.write('\n');
  }
}

const keys = { enter: ['\r', '\n'], end: '\u0004', interrupt: '\u0003', back: ['\u007f', '\b'] };

/** The terminal passes on every key in this mode, also those that end a program. @throws Fault BAD_INPUT */
function typedLine(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const onData = (data: string) => {
      const [...pressed] = data;
      for (const [index, key] of pressed.entries()) {
        const done = keys.enter.includes(key) || key === keys.end;
        if (!done && key !== keys.interrupt) {
          typed = keys.back.includes(key) ? typed.slice(0, -1) : [...typed, key];
          continue;
        }
        terminal.off('data', onData).pause();
        // What was pasted behind it is for the next question.
        terminal.unshift(pressed.slice(index + 1).join(''));
        if (done) resolve(typed.join(''));
        else reject(new Fault('BAD_INPUT', 'given up'));
        return;
      }
    };
    terminal.on('data', onData);
  });
}
