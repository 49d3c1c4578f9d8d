import '../bin/require-node.js';
await import('./demo.ts');
