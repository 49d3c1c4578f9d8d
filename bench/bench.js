import '../bin/require-node.js';
await import('./run.ts');
