import '../bin/require-node.js';
await import('./loader.ts');
