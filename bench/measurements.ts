import type { Measurement } from './measurement.ts';
import { adaptor } from './measure/adaptor.ts';
import { backlog } from './measure/backlog.ts';
import { chain } from './measure/chain.ts';
import { csvAnswer } from './measure/csv-answer.ts';
import { extractor } from './measure/extractor.ts';
import { jobs } from './measure/jobs.ts';
import { largeFile } from './measure/large-file.ts';
import { latency } from './measure/latency.ts';
import { loaders } from './measure/loader.ts';
import { otherPrograms } from './measure/other-programs.ts';

/** Every measurement, in the order in which they are made. */
export const measurements: readonly Measurement[] = [
  ...loaders,
  ...otherPrograms,
  extractor,
  adaptor,
  largeFile,
  csvAnswer,
  latency,
  backlog,
  ...jobs,
  chain,
];
