import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';

import { PreparedStatements } from '../../../shared/store/sqlite/prepared-statements.ts';

describe('prepared statements', () => {
  let folder: string;
  let database: SqliteDatabase.Database;
  const text = (n: number) => `select ${n} as n`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'enrol-prepared-'));
    database = new SqliteDatabase(join(folder, 'test.db'));
    database.exec('create table thing (name text); insert into thing values (1)');
  });

  afterEach(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });

  test('a statement is prepared once, and runs anew each time', () => {
    const statements = new PreparedStatements(database);
    const insert = statements.prepare('insert into thing values (?)');
    expect(statements.prepare('insert into thing values (?)')).toBe(insert);
    insert.run('a');
    insert.run('b');
    const count = statements.prepare('select count(*) as n from thing');
    expect(count.all()).toEqual([{ n: 3 }]);
    insert.run('c');
    expect(statements.prepare('select count(*) as n from thing').all()).toEqual([{ n: 4 }]);
  });

  test('those that were not used for longest are let go of when their texts become too long', () => {
    const statements = new PreparedStatements(database, 3 * text(1).length);
    const [first, second] = [statements.prepare(text(1)), statements.prepare(text(2))];
    statements.prepare(text(3));
    expect(statements.prepare(text(1))).toBe(first);
    statements.prepare(text(4));
    expect(statements.prepare(text(1))).toBe(first);
    expect(statements.prepare(text(2))).not.toBe(second);
    expect(second.all()).toEqual([{ n: 2 }]);
  });

  test('one that is longer than all that is kept is prepared all the same', () => {
    const statements = new PreparedStatements(database, 1);
    expect(statements.prepare(text(1)).all()).toEqual([{ n: 1 }]);
    expect(statements.prepare(text(1)).all()).toEqual([{ n: 1 }]);
  });

  test('what another process changes in the schema, and an error, are seen through an old statement', () => {
    const statements = new PreparedStatements(database);
    const all = 'select * from thing';
    expect(statements.prepare(all).all()).toEqual([{ name: '1' }]);
    const other = new SqliteDatabase(join(folder, 'test.db'));
    other.exec('alter table thing add column size integer default 7');
    expect(statements.prepare(all).all()).toEqual([{ name: '1', size: 7 }]);
    other.exec('drop table thing');
    expect(() => statements.prepare(all).all()).toThrow('no such table');
    other.exec('create table thing (name text); insert into thing values (2)');
    other.close();
    expect(statements.prepare(all).all()).toEqual([{ name: '2' }]);
  });

  test('closing ends them all, and the database', () => {
    const statements = new PreparedStatements(database);
    const statement = statements.prepare(text(1));
    statements.close();
    expect(database.open).toBe(false);
    expect(() => statement.all()).toThrow();
    expect(() => statements.prepare(text(1))).toThrow();
  });
});
