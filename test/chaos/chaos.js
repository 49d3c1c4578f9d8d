import '../../bin/require-node.js';
await import('./chaos.ts');
