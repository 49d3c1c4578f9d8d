import { expect, test } from '@jest/globals';

import { changeRole, disableUser, lockedOut } from '../../../shared/operator/console-users.ts';
import { addFailure } from '../../../shared/store/console-sessions.ts';
import { addConsoleUser, listConsoleUsers } from '../../../shared/store/console-users.ts';
import { later, now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function consoleUsersContract(store: StoreUnderTest): void {
  const operator = { who: 'pat', reason: 'a test', now };
  const administrators = (...names: string[]) =>
    Promise.all(
      names.map((name) =>
        addConsoleUser(store.db, { name, role: 'administrator', password_hash: '', one_time: 0 }, now),
      ),
    );

  test('one administrator is left when two take each other away at once', async () => {
    await administrators('ada', 'bob');
    const results = await Promise.allSettled([
      disableUser(store.db, operator, 'ada'),
      changeRole(store.db, operator, 'bob', 'viewer'),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'NOT_ALLOWED' },
    });
    const left = (await listConsoleUsers(store.db)).filter(
      ({ role, disabled_at }) => role === 'administrator' && disabled_at === null,
    );
    expect(left).toHaveLength(1);
  });

  test('a user is locked out by failures of late, not by those of others, nor by old ones', async () => {
    const [ada, bob, eve] = await administrators('ada', 'bob', 'eve');
    for (let n = 0; n < 10; n++) {
      await addFailure(store.db, ada?.id ?? 0, now);
      await addFailure(store.db, eve?.id ?? 0, later(-3600));
    }
    await addFailure(store.db, bob?.id ?? 0, now);
    expect(await lockedOut(store.db, later(1))).toEqual([ada?.id]);
  });
}
