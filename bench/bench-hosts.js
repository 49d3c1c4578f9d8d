import '../bin/require-node.js';
await import('./hosts.ts');
