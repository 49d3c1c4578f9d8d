import '../bin/require-node.js';
await import('./console.ts');
