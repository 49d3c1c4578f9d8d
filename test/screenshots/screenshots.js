import '../../bin/require-node.js';
await import('./screenshots.ts');
