import { onFailPoint } from '../../shared/runtime/fail-point.ts';

/**
 * Loaded into a real daemon before its own code (node --import): when it has counted the attempt on a file, errors come
 * from where nobody waits for them. STRAY says which: `exception`, `rejection`, or `storm`, of a hundred rejections.
 */
const stray = process.env.STRAY ?? '';

onFailPoint((point) => {
  if (point !== 'work.counted') return;
  const error = new TypeError(`a stray ${stray}`);
  if (stray === 'exception') {
    setImmediate(() => {
      throw error;
    });
  } else for (let n = 0; n < (stray === 'storm' ? 100 : 1); n++) void Promise.reject(error);
});
