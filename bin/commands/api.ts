import type { Command } from 'commander';

import { openApiDocument } from '../../console/api/registry.ts';
import { examples, sessionOf } from '../session.ts';

export function apiCommands(enrol: Command): void {
  const api = enrol.command('api').description('the HTTP API of the console; enrol token makes its tokens');

  api
    .command('openapi')
    .description('print the OpenAPI document, from which programs are made')
    .addHelpText('after', examples('enrol api openapi > openapi.json'))
    .action((_options: unknown, command: Command) => {
      const document = openApiDocument();
      sessionOf(command).print(document, JSON.stringify(document, null, 2));
    });
}
