import { Document, isMap, isScalar, type Pair } from 'yaml';

import { configSchema, describedSettings, type Config, type InboxConfig } from './config-schema.ts';

/** The effective configuration as YAML; a setting that differs from its default says so. */
export function configAsYaml(config: Config): string {
  const document = new Document(withoutIdle(config));
  const defaults = configSchema.parse({});
  if (isMap(document.contents)) document.contents.items.forEach((pair) => noteDifferences(pair, defaults));
  return document.toString({ lineWidth: 0 });
}

/** A signature policy says nothing where files are not OpenPGP messages; written there it would be a mistake. */
function withoutIdle(config: Config) {
  const effective = ({ signature, signedBy, ...inbox }: InboxConfig) =>
    inbox.encryption === 'none' ? inbox : { ...inbox, signature, signedBy };
  return {
    ...config,
    inboxes: Object.fromEntries(
      Object.entries(config.inboxes).map(([name, inbox]) => [name, effective(inbox)]),
    ),
    providers: Object.fromEntries(
      Object.entries(config.providers).map(([id, provider]) => [
        id,
        { ...provider, inbox: effective(provider.inbox) },
      ]),
    ),
  };
}

/** Providers have no defaults as a whole, so below them nothing is noted. */
function noteDifferences(pair: Pair, defaults: unknown): void {
  if (!isScalar(pair.key) || typeof defaults !== 'object' || defaults === null) return;
  const standard = (defaults as Record<string, unknown>)[String(pair.key.value)];
  if (isMap(pair.value)) {
    pair.value.items.forEach((inner) => noteDifferences(inner, standard));
    return;
  }
  const text = JSON.stringify(standard);
  if (standard !== undefined && JSON.stringify(pair.value) !== text)
    pair.key.commentBefore = ` default: ${text}`;
}

/** JSON Schema (draft 2020-12) of the configuration file, for editors. */
export function configSchemaText(): string {
  return JSON.stringify(describedSettings(), null, 2);
}
