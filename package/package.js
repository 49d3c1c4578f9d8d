import '../bin/require-node.js';
await import('./package.ts');
