import '../../bin/require-node.js';
await import('./check.ts');
