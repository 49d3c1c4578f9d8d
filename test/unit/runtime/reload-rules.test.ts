import { expect, test } from '@jest/globals';

import { configDigest } from '../../../shared/runtime/config-digest.ts';
import { configSchema, type Config } from '../../../shared/runtime/config-schema.ts';
import type { LoadedConfig } from '../../../shared/runtime/config.ts';
import { renewed } from '../../../shared/runtime/reload-rules.ts';

const loaded = (settings: object): LoadedConfig => {
  const config: Config = configSchema.parse(settings);
  return { home: '/srv', file: '/srv/config/enrol.yaml', config, digest: configDigest(config) };
};

test('what a process can take up is taken up', () => {
  const next = loaded({ retry: { maxAttempts: 3 } });
  expect(renewed(loaded({}), next)).toEqual({ loaded: next, needRestart: [] });
});

test('store, log and metrics stay as they were opened; the digest is that of no file, but of what is in force', () => {
  const running = loaded({ log: { level: 'debug' } });
  const next = loaded({
    retry: { maxAttempts: 3 },
    store: { url: 'sqlite:other.db' },
    log: { folder: 'log' },
    metrics: { loader: '127.0.0.1:9464' },
  });
  const { loaded: after, needRestart } = renewed(running, next);
  expect(needRestart).toEqual(['store', 'log', 'metrics']);
  const { store, log, metrics } = running.config;
  expect(after.config).toEqual({ ...next.config, store, log, metrics });
  expect(after.digest).toBe(configDigest(after.config));
  expect(after.digest).not.toBe(next.digest);
  // Put back in the file, all of it is in force.
  const back = loaded({ retry: { maxAttempts: 3 }, log: { level: 'debug' } });
  expect(renewed(running, back)).toEqual({ loaded: back, needRestart: [] });
  expect(back.digest).toBe(after.digest);
});
