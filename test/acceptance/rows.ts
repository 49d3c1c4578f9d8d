import type { FaultRow } from './row.ts';

/** What may go wrong with files and processes, by group. Ids are those that test names bear. */
export const groups: readonly { readonly title: string; readonly rows: readonly FaultRow[] }[] = [
  {
    title: 'Arrival of files',
    rows: [
      {
        id: 'A01',
        fault: 'A file is written slowly',
        happens:
          'It is left alone until size, time and inode were the same in two looks and over quietSeconds.',
      },
      {
        id: 'A02',
        fault: 'The daemon restarts while a file is being written',
        happens: 'Files found at start have to be quiet like any other.',
      },
      {
        id: 'A03',
        fault: 'An upload pauses, is claimed, and goes on',
        happens:
          'After the file was read it is looked at again; it is put off until it is quiet, and nothing of it is loaded.',
        codes: ['CHANGED_AFTER_CLAIM'],
      },
      {
        id: 'A04',
        fault: 'The sender writes under a temporary name and renames',
        happens:
          'Names by the patterns in `ignore` are left alone. quietSeconds 0 takes the final name after two looks.',
      },
      {
        id: 'A05',
        fault: 'The inbox works with markers, and the marker is missing',
        happens: 'The file waits; after markerSeconds one alarm tells of it.',
      },
      {
        id: 'A06',
        fault: 'There is a marker without its file',
        happens: 'The marker stays; after markerSeconds one alarm tells of it.',
      },
      {
        id: 'A07',
        fault: 'Size, digest or record count differ from the manifest',
        happens: 'File and manifest are rejected together.',
        codes: ['MANIFEST_MISMATCH'],
      },
      {
        id: 'A08',
        fault: 'A file of no bytes',
        happens: 'Rejected once it is quiet.',
        codes: ['EMPTY_FILE'],
      },
      {
        id: 'A09',
        fault: 'The time stamp of the file is old',
        happens: 'Nothing special: quiet time counts from what we saw, not from the stamp.',
      },
      {
        id: 'A10',
        fault: 'The time stamp lies in the future',
        happens: 'One warning with the difference in seconds; the file is processed.',
      },
      {
        id: 'A11',
        fault: 'More files arrive at once than the kernel reports',
        happens: 'The periodic scan finds them all; notices only make it come sooner.',
      },
      {
        id: 'A12',
        fault: 'A network file system gives no notices',
        happens: 'The periodic scan finds the files.',
      },
      {
        id: 'A13',
        fault: 'A network file system reports an old size',
        happens:
          'A file has to be quiet for longer than clients remember its size, whatever the setting says; A03 catches the rest.',
      },
      {
        id: 'A14',
        fault: 'The drop folder is removed and made again, or remounted',
        happens:
          'The inbox rests while it is gone, goes on by itself when it is back, and listens to the new folder.',
        codes: ['SPOOL_MISSING'],
      },
      {
        id: 'A15',
        fault: 'A folder is missing at start',
        happens: 'The start is refused, naming the folder.',
        codes: ['SPOOL_MISSING'],
      },
      {
        id: 'A16',
        fault: '200,000 entries in the drop folder',
        happens: 'They are taken in portions; memory stays bounded, and new files are served.',
      },
      {
        id: 'A17',
        fault: 'A symbolic link',
        happens: 'Not followed; the link is rejected.',
        codes: ['NOT_REGULAR'],
      },
      {
        id: 'A18',
        fault: 'A pipe, socket, device or folder',
        happens:
          'Never opened in a way that blocks. Pipes and the like are rejected, folders are left alone.',
        codes: ['NOT_REGULAR'],
      },
      {
        id: 'A19',
        fault: 'The file has a second name elsewhere',
        happens: 'Taken; a warning when the other name is still there in the end.',
      },
      {
        id: 'A20',
        fault: 'The name is not valid UTF-8',
        happens: 'Handled by its bytes and rejected; the reason shows the name in hex.',
        codes: ['BAD_NAME'],
      },
      {
        id: 'A21',
        fault: 'The name has control characters, a leading hyphen, 255 bytes, or turns the direction of text',
        happens: 'Rejected; the log line stays one line, with the characters escaped.',
        codes: ['BAD_NAME'],
      },
      {
        id: 'A22',
        fault: 'Two names that are the same but for case or composition',
        happens: 'Two files; they never meet, since a taken name is never overwritten.',
      },
      {
        id: 'A23',
        fault: 'A name comes again while its first file is worked on',
        happens: 'A delivery of its own; nothing is overwritten or mixed.',
      },
      {
        id: 'A24',
        fault: 'A name comes again in the very moment of the claim',
        happens: 'Noticed by its inode; it stays in the drop folder, or is put back there.',
      },
      {
        id: 'A25',
        fault: 'The sender removes the file again',
        happens: 'Its right: nothing is left in the ledger.',
      },
      {
        id: 'A26',
        fault: 'We may not read the file',
        happens: 'Put off with owner and mode in the message, held after maxAttempts; the others go on.',
        codes: ['SPOOL_PERMISSION', 'TOO_MANY_ATTEMPTS'],
      },
      {
        id: 'A27',
        fault: "Names that look like an editor's",
        happens: 'Only the patterns of the inbox decide.',
      },
    ],
  },
  {
    title: 'Claim, move, crash',
    rows: [
      {
        id: 'K01',
        fault: 'The process is killed, anywhere',
        happens:
          'The next round takes up what was left: every file in one last folder, every record once, nothing in work/ and tmp/.',
      },
      {
        id: 'K02',
        fault: 'The power fails: what was not synced is gone',
        happens: 'At worst a file is processed again from in/ or work/, and is known by its bytes.',
      },
      {
        id: 'K03',
        fault: 'Killed after the commit, before archiving',
        happens: 'Only archived then; never loaded a second time.',
      },
      {
        id: 'K04',
        fault: 'Killed after archiving, before the ledger says so',
        happens: 'Recognised, and recorded.',
      },
      {
        id: 'K05',
        fault: 'Two processes on one spool',
        happens: 'One claims a file, the other goes on to the next; no file twice, none forgotten.',
      },
      {
        id: 'K06',
        fault: 'The name is taken in the archive',
        happens: 'Never overwritten: the number of the delivery is put behind the name.',
      },
      {
        id: 'K07',
        fault: 'Folders of an inbox on different devices',
        happens: 'The start is refused, with the devices.',
        codes: ['SPOOL_DEVICES'],
      },
      {
        id: 'K08',
        fault: 'A move reports failure but was done',
        happens: 'The inode under the new name is ours: it counts as done.',
      },
      { id: 'K09', fault: 'SIGTERM', happens: 'What is in hand is finished, nothing new is begun, exit 0.' },
      { id: 'K10', fault: 'A second signal', happens: 'The end at once, exit 8; recovery as after a crash.' },
      {
        id: 'K11',
        fault: 'The process dies three times on one file',
        happens:
          'It is held; of several files in hand each is then tried alone, and counted before it begins.',
        codes: ['CRASH_LOOP'],
      },
      {
        id: 'K12',
        fault: 'Temporary files of long ago',
        happens:
          'Removed when they are older than a day and no row of the ledger knows them; the log names them.',
      },
      {
        id: 'K13',
        fault: 'Somebody removes a file from work/',
        happens: 'The file is refused as lost, with an alarm; the process goes on.',
        codes: ['LOST_BY_OPERATOR'],
      },
      {
        id: 'K14',
        fault: "The store is restored from yesterday's backup",
        happens:
          '`enrol spool check` compares archive and ledger, `enrol spool adopt` makes the ledger know what lies there. Nothing is loaded again by itself. A backup of store and spool shows one moment: restored, everything goes on from there once.',
        codes: ['DUPLICATE'],
      },
      {
        id: 'K15',
        fault: 'A process id is used again',
        happens: 'A process is known by its id and its start time; there are no pid files.',
      },
    ],
  },
  {
    title: 'Resources',
    rows: [
      {
        id: 'R01',
        fault: 'No space while something is written',
        happens:
          'The half file is removed, the input stays; below the reserve nothing new is taken in. Resumes by itself.',
        codes: ['NO_SPACE'],
      },
      {
        id: 'R02',
        fault: 'No space for the store',
        happens: 'The transaction is rolled back, nothing is archived, intake rests.',
        codes: ['NO_SPACE'],
      },
      {
        id: 'R03',
        fault: 'No space for the log',
        happens:
          'Work goes on; stdout still has every line; how many lines a file lost is told when it can be written again.',
      },
      {
        id: 'R04',
        fault: 'Quota, file size limit, read-only or failing disk',
        happens: 'The task rests with a growing pause and an alarm, and resumes by itself.',
        codes: ['NO_SPACE', 'IO_ERROR', 'STORE_FAILED'],
      },
      {
        id: 'R05',
        fault: 'A sync of the disk fails',
        happens:
          'The output counts as lost and is made anew from its source; the failed sync is never repeated on it. After repeated failures the process ends.',
      },
      {
        id: 'R06',
        fault: 'Too many open files, or watches',
        happens: 'The scan goes on without notices; the message names the limit to raise.',
        codes: ['IO_ERROR'],
      },
      {
        id: 'R07',
        fault: 'A very large file',
        happens: 'Above maxFileMegabytes rejected unread; below, read record by record, in bounded memory.',
        codes: ['TOO_LARGE', 'RECORD_TOO_LARGE'],
      },
      {
        id: 'R08',
        fault: 'One poison file before a thousand good ones',
        happens: 'It is held after three crashes; the good ones pass at their usual rate.',
        codes: ['CRASH_LOOP'],
      },
      {
        id: 'R09',
        fault: 'A long list of deferred files',
        happens: 'Between two scans only fifty of them are tried: fresh files never wait for them.',
      },
      {
        id: 'R10',
        fault: 'Parsing takes long',
        happens:
          'Files come in pieces, and the process answers between them; the console is a process of its own.',
        untested: 'No step of the work takes long: see R07. The watchdog comes with the systemd units.',
      },
      {
        id: 'R11',
        fault: 'A worker thread crashes',
        happens: 'There are no worker threads: what would kill one kills the process, see K11.',
        untested: 'Cannot happen here.',
      },
      {
        id: 'R12',
        fault: 'The clock jumps',
        happens:
          'Waiting inside a process goes by a clock that never jumps; the wait of a deferred file is never negative.',
      },
      {
        id: 'R13',
        fault: 'The database is slow',
        happens: 'One file at a time, and of a file one piece at a time: reading waits for the store.',
      },
    ],
  },
  {
    title: 'OpenPGP',
    rows: [
      {
        id: 'P01',
        fault: 'A bit of the message is flipped',
        happens: 'Rejected; nothing of the content is used, written or logged.',
        codes: ['PGP_INTEGRITY'],
      },
      {
        id: 'P02',
        fault: 'The end of an AEAD message is cut off',
        happens: 'Rejected at the final tag, though earlier chunks were right.',
        codes: ['PGP_INTEGRITY'],
      },
      {
        id: 'P03',
        fault: 'Encrypted without integrity protection',
        happens: 'Rejected before it is decrypted.',
        codes: ['PGP_NO_INTEGRITY'],
      },
      {
        id: 'P04',
        fault: 'Damaged or cut armour',
        happens: 'Rejected.',
        codes: ['PGP_MALFORMED'],
      },
      {
        id: 'P05',
        fault: 'A plain file where encryption is demanded',
        happens: 'Rejected.',
        codes: ['NOT_ENCRYPTED'],
      },
      {
        id: 'P06',
        fault: 'Encrypted to a key that is not ours',
        happens: 'Rejected with the key ids.',
        codes: ['PGP_NO_KEY'],
      },
      {
        id: 'P07',
        fault: 'Encrypted to a key of ours that is no longer the current one',
        happens: 'Opened, with a warning so that the sender can be told.',
      },
      {
        id: 'P08',
        fault: 'Not signed',
        happens: 'Rejected where a signature is required.',
        codes: ['PGP_UNSIGNED'],
      },
      {
        id: 'P09',
        fault: 'Signed by another partner',
        happens: 'Rejected: only the parties in signedBy count.',
        codes: ['PGP_WRONG_SIGNER'],
      },
      {
        id: 'P10',
        fault: 'Signed with an unknown key',
        happens: 'Rejected with the key id.',
        codes: ['PGP_UNKNOWN_SIGNER'],
      },
      {
        id: 'P11',
        fault: 'The signature does not fit the content',
        happens: 'Rejected.',
        codes: ['PGP_BAD_SIGNATURE'],
      },
      {
        id: 'P12',
        fault: 'A good and a bad signature',
        happens: 'Rejected: every signature has to be good.',
        codes: ['PGP_BAD_SIGNATURE'],
      },
      {
        id: 'P13',
        fault: "The signer's key has expired or is revoked",
        happens: 'Rejected.',
        codes: ['PGP_KEY_EXPIRED', 'PGP_KEY_REVOKED'],
      },
      {
        id: 'P14',
        fault: 'The signature is dated ahead of our clock',
        happens: 'Up to five minutes: put off until then. Further: rejected.',
        codes: ['PGP_SIGNED_IN_FUTURE', 'PGP_SIGNED_FAR_AHEAD'],
      },
      {
        id: 'P15',
        fault: 'Weak algorithms: MD5, SHA-1, RSA of 1024 bits',
        happens: 'Rejected.',
        codes: ['PGP_WEAK_ALGORITHM'],
      },
      {
        id: 'P16',
        fault: 'A message that unpacks to far more than it is',
        happens: 'Stopped at the limit, in bounded memory, and rejected.',
        codes: ['PGP_BOMB'],
      },
      {
        id: 'P17',
        fault: 'A password message that asks for a terabyte of memory',
        happens: 'Refused before anything is allocated.',
        codes: ['PGP_NO_KEY'],
      },
      { id: 'P18', fault: 'A path as the file name inside the message', happens: 'Never looked at.' },
      {
        id: 'P19',
        fault: 'Data behind the message, or two messages',
        happens: 'Rejected.',
        codes: ['PGP_MALFORMED'],
      },
      {
        id: 'P20',
        fault: "A recipient's key has expired or is revoked when we seal",
        happens: 'Nothing is written; the batch stays, with an alarm.',
        codes: ['PGP_KEY_EXPIRED', 'PGP_KEY_REVOKED'],
      },
      {
        id: 'P21',
        fault: 'A key file that others can read, or a wrong passphrase',
        happens: 'The start is refused; the secret is never shown.',
        codes: ['SECRET_EXPOSED', 'KEY_WRONG_PASSPHRASE'],
      },
      {
        id: 'P22',
        codes: ['KEYS_IN_DOUBT'],
        fault: 'A key file is replaced while a daemon runs',
        happens:
          'The new one counts within some seconds, without a restart; what is in hand is finished with the old. While a key file cannot be read, the keys before stay in use, which is told once.',
      },
      {
        id: 'P23',
        fault: 'A thousand recipients',
        happens: 'Refused before any key is tried.',
        codes: ['PGP_TOO_MANY_RECIPIENTS'],
      },
      {
        id: 'P24',
        fault: 'gpg, sq and openpgp.js in all their forms',
        happens: 'All accepted, and all can open what we seal.',
      },
    ],
  },
  {
    title: 'Content: any, JSON, XML',
    rows: [
      { id: 'V01', fault: 'A byte-order mark', happens: 'Passed over; it is in no name.' },
      {
        id: 'V02',
        fault: 'Bytes that are not UTF-8',
        happens: 'Rejected with the place of the first; never a replacement character in the store.',
        codes: ['ENCODING'],
      },
      { id: 'V03', fault: 'UTF-16', happens: 'Rejected.', codes: ['ENCODING'] },
      { id: 'V04', fault: 'Mixed line ends, no line end at the end', happens: 'Accepted.' },
      {
        id: 'V05',
        fault: 'CSV columns: twice, unknown, missing, in another order',
        happens: 'Another order is fine, the rest is refused.',
        codes: ['BAD_INPUT'],
      },
      {
        id: 'V06',
        fault: 'A CSV row that is too short or too long',
        happens: 'The file is refused with the line: all or nothing.',
      },
      {
        id: 'V07',
        fault: 'A quote that is never closed',
        happens: 'Refused with the line where it begins, in bounded memory.',
      },
      { id: 'V08', fault: 'A field of 5 MB, 10,000 columns', happens: 'Refused at the limit.' },
      {
        id: 'V09',
        fault: 'NUL bytes and control characters',
        happens: 'Rejected, also where they are written as escapes.',
        codes: ['CONTROL_CHAR'],
      },
      {
        id: 'V10',
        fault: 'Identifiers: leading zeros, spaces, letters',
        happens: 'Texts, kept as they came.',
      },
      { id: 'V11', fault: 'A formula in a field', happens: 'Data, kept as it came.' },
      {
        id: 'V12',
        fault: 'recordCount is not the number of records',
        happens: 'Rejected.',
        codes: ['COUNT_MISMATCH'],
      },
      {
        id: 'V13',
        fault: 'A file cut off between two records',
        happens: 'Never well-formed JSON or XML; recordCount and the signature tell besides.',
        codes: ['JSON_MALFORMED', 'COUNT_MISMATCH'],
      },
      {
        id: 'V14',
        fault: 'The same content again',
        happens: 'Rejected; an operator can have it loaded all the same, with a reason that is kept.',
        codes: ['DUPLICATE'],
      },
      { id: 'V15', fault: 'The same name with other content', happens: 'A new delivery.' },
      {
        id: 'V16',
        fault: 'One bad record among a million',
        happens:
          'The whole file is rejected, and the record is named: what a partner signed is taken whole or not at all.',
        codes: ['SCHEMA_VIOLATION'],
      },
      {
        id: 'V17',
        fault: 'A million bad records',
        happens: 'Ten are named and the rest is counted, in bounded memory.',
        codes: ['SCHEMA_VIOLATION'],
      },
      {
        id: 'J01',
        fault: 'Property names that alter a prototype',
        happens: 'Rejected before anything is parsed.',
        codes: ['FORBIDDEN_KEY'],
      },
      {
        id: 'J02',
        fault: 'Very deep nesting',
        happens: 'Rejected before it is parsed.',
        codes: ['JSON_TOO_DEEP'],
      },
      {
        id: 'J03',
        fault: 'Numbers where identifiers belong',
        happens: 'Rejected: a number would be rounded.',
        codes: ['SCHEMA_VIOLATION'],
      },
      {
        id: 'J04',
        fault: 'Names twice in an object, trailing commas, NaN, two documents',
        happens: 'Rejected.',
        codes: ['JSON_MALFORMED'],
      },
      {
        id: 'J05',
        fault: 'A list of a gigabyte',
        happens: 'Read record by record; one record above 16 MB is rejected.',
        codes: ['RECORD_TOO_LARGE'],
      },
      {
        id: 'X01',
        fault: 'XML with a document type or external entities',
        happens: 'Rejected; neither file nor network is touched.',
        codes: ['XML_DTD'],
      },
      {
        id: 'X02',
        fault: 'XML that grows when entities are expanded',
        happens: 'Rejected at once, in bounded memory.',
        codes: ['XML_DTD'],
      },
      {
        id: 'X03',
        fault: 'XML that is not well-formed, or cut off',
        happens: 'Rejected.',
        codes: ['XML_NOT_WELL_FORMED'],
      },
      { id: 'X04', fault: 'One element where there are usually many', happens: 'A list of one.' },
      { id: 'X05', fault: 'Very deep or very large XML', happens: 'Rejected at the limit.' },
      {
        id: 'X06',
        fault: 'XML in a declared encoding',
        happens: 'UTF-8, ISO-8859-1 and US-ASCII are read as declared; others are rejected.',
        codes: ['ENCODING'],
      },
      { id: 'X07', fault: 'Another namespace prefix', happens: 'The namespace counts, not its prefix.' },
    ],
  },
  {
    title: 'Store (SQLite)',
    rows: [
      {
        id: 'D01',
        fault: 'The database server cannot be reached, at start or later',
        happens:
          'A start is refused with exit code 4, and the service manager tries again. A running daemon rests, longer each time, and goes on by itself; what was in hand is looked up in the store first.',
        codes: ['STORE_UNREACHABLE'],
      },
      {
        id: 'D02',
        fault: 'The process or its connection dies in the commit, with unknown outcome',
        happens:
          'The store is asked before anything is done again. Of a command, the message says that it has to be looked up.',
        codes: ['STORE_OUTCOME_UNKNOWN'],
      },
      {
        id: 'D03',
        fault: 'Deadlock or serialization failure',
        happens:
          'The whole transaction is done again, eight times at most; then the task rests. SQLite has one writer at a time: neither exists there.',
        codes: ['STORE_BUSY'],
      },
      {
        id: 'D04',
        fault: 'Another process holds the store for long',
        happens: 'We wait busySeconds; then the task rests, and tries again.',
        codes: ['STORE_BUSY'],
      },
      {
        id: 'D05',
        fault: 'Two transactions that read, and then write',
        happens: 'Cannot fail: every transaction takes the write lock when it begins.',
      },
      {
        id: 'D06',
        fault: 'A store that is newer, older, or half migrated',
        happens: 'The start is refused with both versions.',
        codes: ['STORE_SCHEMA'],
      },
      {
        id: 'D07',
        fault: 'A database without its safe settings, or an unsafe version of SQLite',
        happens: 'The start is refused.',
        codes: ['STORE_UNSAFE'],
      },
      {
        id: 'D08',
        fault: 'The database file is damaged',
        happens:
          'The process ends with an alarm; nothing is repaired by itself. No backup is made of it, and a damaged backup is not restored.',
        codes: ['STORE_DAMAGED', 'BACKUP_DAMAGED'],
      },
      {
        id: 'D09',
        fault: 'A reader that stays open lets the write-ahead log grow',
        happens: 'An alarm tells its size; it is cut back as soon as the reader is gone.',
      },
      {
        id: 'D10',
        fault: 'A half-open connection to the database server',
        happens:
          'Found statementSeconds + 5 s after it was used at the latest. Other connections made before it are not used any more; new ones are made. The server ends a transaction in which nothing happens after statementSeconds.',
        codes: ['STORE_UNREACHABLE'],
      },
    ],
  },
  {
    title: 'Extraction and transformation',
    rows: [
      {
        id: 'E01',
        fault: 'Killed between the final name and the record of it',
        happens: 'The draft, or its digest in the ledger, tells that it was published: never a second file.',
      },
      {
        id: 'E02',
        fault: 'The output folder is full, read-only or missing',
        happens: 'The batch stays; the task rests and resumes by itself.',
        codes: ['NO_SPACE', 'IO_ERROR', 'SPOOL_MISSING'],
      },
      {
        id: 'E03',
        fault: 'The reader looks while we write',
        happens: 'It sees a whole file or none: the name comes last.',
      },
      {
        id: 'E04',
        fault: 'The output name is taken',
        happens: 'Not overwritten; an alarm.',
        codes: ['OUTPUT_EXISTS'],
      },
      {
        id: 'E05',
        fault: 'Two extractors take one batch',
        happens: 'One gets it; the other goes on to the next.',
      },
      {
        id: 'E06',
        fault: 'An empty batch',
        happens: 'The job makes none; a file without orders is valid, and nothing is sent for it.',
      },
      {
        id: 'T01',
        fault: 'A provider adds an unknown field',
        happens: 'Passed over in what the provider says; refused in the generic formats.',
      },
      {
        id: 'T02',
        fault: 'The mapping changes between two runs',
        happens: 'Not yet: the batch does not say which mapping made it.',
        untested: 'Not built yet.',
      },
      { id: 'T03', fault: 'Generic to provider and back', happens: 'Every device comes back as itself.' },
      {
        id: 'T04',
        fault: 'A time without a zone',
        happens: 'Rejected.',
        codes: ['SCHEMA_VIOLATION'],
      },
      {
        id: 'T05',
        fault: 'A value that the provider cannot take',
        happens: 'The order or device is refused with the reason, and the rest goes on; nothing is cut.',
        codes: ['UNMAPPABLE'],
      },
    ],
  },
  {
    title: 'Operation',
    rows: [
      {
        id: 'O01',
        fault: 'An unknown, wrong or missing setting',
        happens: 'The start is refused; all problems are listed with their lines.',
        codes: ['CONFIG_INVALID'],
      },
      {
        id: 'O02',
        fault: 'The configuration is changed, with an error in it',
        happens:
          'SIGHUP has it read again: the old one stays in force, the error is told with its lines; a restart is refused.',
        codes: ['CONFIG_INVALID'],
      },
      {
        id: 'O03',
        fault: 'Log rotation moves the log while it is written',
        happens: 'Each line opens the file by its name: no signal is needed, and no line is lost.',
      },
      { id: 'O04', fault: 'stdout is closed', happens: 'An orderly stop; never a loop.' },
      {
        id: 'O05',
        fault: 'An uncaught exception',
        happens: 'Logged with its stack, exit 1; the attempt on the file in hand was counted before.',
        codes: ['BUG'],
      },
      {
        id: 'O06',
        fault: 'The process hangs',
        happens:
          'The watchdog of systemd ends it, and starts it again: when the event loop is blocked, or a round comes no further. Recovery is that of K01.',
      },
      {
        id: 'O07',
        fault: 'The process is restarted again and again',
        happens:
          'The unit waits between two starts, and is given up after so many of them; a file that kills it is held after three times, see K11.',
      },
      {
        id: 'O08',
        fault: 'A job is due while it still runs',
        happens: 'It runs once at a time; the due time is recorded as missed, and shown with its schedule.',
        codes: ['ALREADY_RUNNING'],
      },
      {
        id: 'O09',
        fault: 'The host was down at the scheduled time',
        happens:
          'One run for all that was missed, or none, as the schedule says; what was missed is recorded.',
      },
      {
        id: 'O10',
        fault: 'The console without a login, role or token',
        happens: 'Refused with 401 or 403, and nothing is done; text from elsewhere is shown and never run.',
        codes: ['SIGN_IN_NEEDED', 'SIGN_IN_REFUSED', 'ROLE_TOO_LOW', 'FORM_NOT_OURS'],
      },
      {
        id: 'O11',
        fault: 'An operator retries, holds, releases',
        happens: 'A reason is demanded, and the audit has it with the state before and after.',
      },
      {
        id: 'O12',
        fault: 'A secret on its way into log, error text or page',
        happens: 'Never: planted secrets are sought in everything that comes out.',
      },
      {
        id: 'O13',
        fault: 'Archive folders grow',
        happens:
          'Nothing is deleted unless it is set so: then what is settled, old enough and recorded byte for byte, after a dry run of the same settings.',
      },
    ],
  },
];
