import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { sealedDispatch } from '../support/dispatches.ts';
import { install, type Program, type TestInstallation } from '../support/installation.ts';
import { linesOf } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';

/** The configuration read again, on SIGHUP, by a process that goes on running. */

let installation: TestInstallation;
beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

const inbox = 'inboundSalesOrderDispatch';
const hangUp = (program: Program) => program.child.kill('SIGHUP');
const logged = (program: Program, event: 'config.reloaded' | 'config.refused', times = 1) =>
  waitFor(`${event}, ${times} time(s)`, () => {
    const lines = linesOf(program, event);
    return lines.length >= times ? lines : undefined;
  });

test('the new one counts for the next file, in the same process; what needs a restart is named', async () => {
  const partner = await installation.addPartner('warehouse');
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  await installation.configure([[['inboxes', inbox, 'maxFileMegabytes'], 0.0001]]);
  const change = async () =>
    (await installation.json('config', 'set', 'retry.maxAttempts', '30', '--reason', 'a test')).value;
  expect(await change()).toMatchObject({ reload: ['loader'] });
  hangUp(loader);
  expect(await logged(loader, 'config.reloaded')).toMatchObject([{ needRestart: [] }]);
  const sealed = await sealedDispatch({ id: '884210', devices: ['ZZTEST0001'] }, partner);
  await installation.drop(inbox, 'a.pgp', sealed);
  await loader.logged('file.rejected');
  expect(loader.stdout).toContain('"code":"TOO_LARGE"');

  await installation.configure([
    [['inboxes', inbox, 'maxFileMegabytes'], 256],
    [['log', 'folder'], 'var/log'],
  ]);
  hangUp(loader);
  expect(await logged(loader, 'config.reloaded', 2)).toMatchObject([{}, { needRestart: ['log'] }]);
  const other = await sealedDispatch({ id: '884211', devices: ['ZZTEST0002'] }, partner);
  await installation.drop(inbox, 'b.pgp', other);
  await loader.logged('file.done');
  const workers = await (await installation.store()).selectFrom('worker').selectAll().execute();
  expect(workers).toMatchObject([{ daemon: 'loader', stopped_at: null }]);
  const set = await installation.json('config', 'set', 'retry.maxAttempts', '40', '--reason', 'a test');
  expect(set.value).toMatchObject({ reload: ['loader'] });
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  expect(loader.events.filter((event) => event === 'daemon.ready')).toHaveLength(1);
});

test('O02 with an error, or with a party that has no key: the old one stays, and the error is told', async () => {
  const partner = await installation.addPartner('warehouse');
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  const file = join(installation.home, 'config', 'enrol.yaml');
  const good = await readFile(file, 'utf8');

  await writeFile(file, good.replace('maxAttempts: 20', 'maxAttempts: often'));
  hangUp(loader);
  const [refused] = await logged(loader, 'config.refused');
  expect(refused).toMatchObject({
    file,
    code: 'CONFIG_INVALID',
    detail: expect.stringMatching(/enrol\.yaml:\d+:\d+ retry\.maxAttempts: /),
  });
  await writeFile(file, good);
  await installation.configure([[['inboxes', inbox, 'signedBy'], ['nobody']]]);
  hangUp(loader);
  expect(await logged(loader, 'config.refused', 2)).toMatchObject([{}, { code: 'KEY_MISSING' }]);

  await installation.drop(
    inbox,
    'a.pgp',
    await sealedDispatch({ id: '884210', devices: ['ZZTEST0001'] }, partner),
  );
  await loader.logged('file.done');
  expect(loader.events).not.toContain('config.reloaded');
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
});

test('O02 when a file is gone without which even the old one cannot be begun: it is tried again until that is mended', async () => {
  const partner = await installation.addPartner('warehouse');
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  const passphrase = join(installation.home, 'var', 'secrets', 'pgp-passphrase');
  await rename(passphrase, `${passphrase}.away`);
  hangUp(loader);
  await loader.logged('task.stopped');
  expect(linesOf(loader, 'task.stopped')).toMatchObject([{ task: 'reload', code: 'KEY_UNREADABLE' }]);

  await rename(`${passphrase}.away`, passphrase);
  await logged(loader, 'config.reloaded');
  await installation.drop(
    inbox,
    'a.pgp',
    await sealedDispatch({ id: '884210', devices: ['ZZTEST0001'] }, partner),
  );
  await loader.logged('file.done');

  await rename(passphrase, `${passphrase}.away`);
  hangUp(loader);
  await logged(loader, 'config.refused', 2);
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
});

test('every other process goes on after it, as often as it is asked', async () => {
  await installation.configure([[['console', 'address'], 'unix:var/console.socket']]);
  const others = ['extractor', 'adaptor', 'scheduler', 'console'].map((name) => installation.start([name]));
  await Promise.all(others.map((program) => program.logged('daemon.ready')));
  for (const times of [1, 2]) {
    others.forEach(hangUp);
    await Promise.all(others.map((program) => logged(program, 'config.reloaded', times)));
  }
  for (const program of others) {
    expect(await program.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    expect(program.events.at(-1)).toBe('daemon.stopped');
  }
});
