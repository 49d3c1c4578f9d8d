import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

import { events, type EventFields, type EventName } from '../runtime/events.ts';
import { faultCodes } from '../runtime/fault-codes.ts';
import { durationBuckets, processMetrics } from './metric-rows.ts';

/** The metrics of one process: counted from the events that the log has, and what Node knows of the process. */
export class ProcessMetrics {
  readonly registry = new Registry();
  readonly #events = this.#counter('events_total');
  readonly #faults = this.#counter('faults_total');
  readonly #durations = {
    'file.done': this.#histogram('file_duration_seconds'),
    'job.finished': this.#histogram('job_duration_seconds'),
    'provider.called': this.#histogram('provider_call_duration_seconds'),
  };

  /** @param daemon label of every metric */
  constructor(daemon: string) {
    this.registry.setDefaultLabels({ daemon });
    collectDefaultMetrics({ register: this.registry });
    // A counter that is not there before its first event has not risen by it.
    for (const [event, { level }] of Object.entries(events)) this.#events.inc({ event, level }, 0);
    for (const code of Object.keys(faultCodes)) this.#faults.inc({ code }, 0);
  }

  /** Counts an event, whether or not the log takes it. */
  readonly count = <N extends EventName>(event: N, fields: EventFields[N]): void => {
    const { level } = events[event];
    this.#events.inc({ event, level });
    if ('code' in fields) this.#faults.inc({ code: fields.code as string });
    this.#time(event, fields);
  };

  #time(event: EventName, fields: object): void {
    const durations = this.#durations;
    if (event === 'file.done') {
      const { folder, milliseconds } = fields as EventFields[typeof event];
      durations[event].observe({ inbox: folder }, milliseconds / 1000);
    } else if (event === 'job.finished') {
      const { job, milliseconds } = fields as EventFields[typeof event];
      durations[event].observe({ job }, milliseconds / 1000);
    } else if (event === 'provider.called') {
      const { provider, status, milliseconds } = fields as EventFields[typeof event];
      durations[event].observe({ provider, status }, milliseconds / 1000);
    }
  }

  #counter(name: 'events_total' | 'faults_total'): Counter {
    const { help, labels } = processMetrics[name];
    return new Counter({ name: `enrol_${name}`, help, labelNames: labels, registers: [this.registry] });
  }

  #histogram(name: Exclude<keyof typeof processMetrics, 'events_total' | 'faults_total'>): Histogram {
    const { help, labels } = processMetrics[name];
    const options = { labelNames: [...labels], buckets: durationBuckets, registers: [this.registry] };
    return new Histogram({ name: `enrol_${name}`, help, ...options });
  }
}
