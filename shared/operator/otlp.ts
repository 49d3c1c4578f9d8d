import { createHash } from 'node:crypto';

/**
 * Traces as the JSON of OTLP, which every collector of OpenTelemetry takes (opentelemetry.io, OTLP 1.x, "JSON Protobuf
 * Encoding": ids in hex, 64-bit numbers as text, enumerations as numbers). Pure.
 */

type Attributes = Readonly<Record<string, string | number>>;

export interface SpanEvent {
  readonly name: string;
  /** ISO, UTC. */
  readonly at: string;
  readonly attributes: Attributes;
}

export interface Span {
  /** Tells it from the others of its trace. */
  readonly key: string;
  readonly name: string;
  /** Whether it is somebody else's work that was waited for. */
  readonly isCall: boolean;
  /** ISO, UTC. */
  readonly from: string;
  readonly to: string;
  readonly failed: boolean;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
}

/** The first span is the parent of the others. */
export interface Trace {
  /** The same trace has the same key, whenever it is made. */
  readonly key: string;
  readonly spans: readonly Span[];
}

const internalKind = 1;
const clientKind = 3;
const statusUnset = 0;
const statusError = 2;

export const otlpDocument = (traces: readonly Trace[], version: string) => ({
  resourceSpans: [
    {
      resource: {
        attributes: attributesOf({ 'service.name': 'device-enrolment', 'service.version': version }),
      },
      scopeSpans: [{ scope: { name: 'device-story', version }, spans: traces.flatMap(spansOf) }],
    },
  ],
});

export type OtlpDocument = ReturnType<typeof otlpDocument>;

export const traceIdsOf = ({ resourceSpans }: OtlpDocument): string[] => [
  ...new Set(
    resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map(({ traceId }) => traceId)),
    ),
  ),
];

function spansOf({ key, spans }: Trace) {
  const traceId = idOf(key, 16);
  const spanId = (span: Span) => idOf(`${key} ${span.key}`, 8);
  const [root] = spans;
  return spans.map((span) => ({
    traceId,
    spanId: spanId(span),
    ...(root !== undefined && span !== root && { parentSpanId: spanId(root) }),
    name: span.name,
    kind: span.isCall ? clientKind : internalKind,
    startTimeUnixNano: nanoseconds(span.from),
    endTimeUnixNano: nanoseconds(span.to),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, at, attributes }) => ({
      name,
      timeUnixNano: nanoseconds(at),
      attributes: attributesOf(attributes),
    })),
    status: { code: span.failed ? statusError : statusUnset },
  }));
}

/** Ids that are always the same: a trace that is sent twice is one. */
const idOf = (key: string, bytes: number): string =>
  createHash('sha256')
    .update(key)
    .digest('hex')
    .slice(0, 2 * bytes);

const nanoseconds = (iso: string): string => String(BigInt(Date.parse(iso)) * 1_000_000n);

const attributesOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
