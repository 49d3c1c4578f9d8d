/** File servers, by the type that statfs(2) tells. */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x517b: 'SMB',
};

/** A file server may tell an old size and time for so long: `acregmax` of nfs(5), `actimeo` of mount.cifs(8). */
export const attributeCacheSeconds = 60;

/** The file server that is mounted there; undefined: none that is known. Pure. */
// The kernel's number is signed on some machines.
export const networkAt = (type: number): string | undefined => networkFileSystems[type >>> 0];

/** The same, when its clients could believe a file quiet that is still written. Pure. */
export const hastyNetwork = (type: number, quietSeconds: number): string | undefined =>
  quietSeconds < attributeCacheSeconds ? networkAt(type) : undefined;
