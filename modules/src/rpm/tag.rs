//! The numbers of the tags that are read or written (rpm's `rpmtag.h`).

pub(crate) const HEADER_SIGNATURES: u32 = 62;
pub(crate) const HEADER_IMMUTABLE: u32 = 63;

// What the header of signatures holds.
pub(crate) const SIG_SHA1: u32 = 269;
pub(crate) const SIG_SHA256: u32 = 273;

pub(crate) const SIGMD5: u32 = 261;
pub(crate) const SHA1HEADER: u32 = 269;

pub(crate) const NAME: u32 = 1000;
pub(crate) const VERSION: u32 = 1001;
pub(crate) const RELEASE: u32 = 1002;
pub(crate) const EPOCH: u32 = 1003;
pub(crate) const INSTALLTIME: u32 = 1008;
pub(crate) const GROUP: u32 = 1016;
pub(crate) const OS: u32 = 1021;
pub(crate) const ARCH: u32 = 1022;
pub(crate) const FILESIZES: u32 = 1028;
pub(crate) const FILESTATES: u32 = 1029;
pub(crate) const FILEMODES: u32 = 1030;
pub(crate) const FILERDEVS: u32 = 1033;
pub(crate) const FILEMTIMES: u32 = 1034;
pub(crate) const FILEDIGESTS: u32 = 1035;
pub(crate) const FILELINKTOS: u32 = 1036;
pub(crate) const FILEFLAGS: u32 = 1037;
pub(crate) const FILEUSERNAME: u32 = 1039;
pub(crate) const FILEGROUPNAME: u32 = 1040;
pub(crate) const SOURCERPM: u32 = 1044;
pub(crate) const PROVIDENAME: u32 = 1047;
pub(crate) const REQUIREFLAGS: u32 = 1048;
pub(crate) const REQUIRENAME: u32 = 1049;
pub(crate) const REQUIREVERSION: u32 = 1050;
pub(crate) const CONFLICTFLAGS: u32 = 1053;
pub(crate) const CONFLICTNAME: u32 = 1054;
pub(crate) const CONFLICTVERSION: u32 = 1055;
pub(crate) const TRIGGERNAME: u32 = 1066;
pub(crate) const OBSOLETENAME: u32 = 1090;
pub(crate) const FILEDEVICES: u32 = 1095;
pub(crate) const FILEINODES: u32 = 1096;
pub(crate) const SOURCEPACKAGE: u32 = 1106;
pub(crate) const PROVIDEFLAGS: u32 = 1112;
pub(crate) const PROVIDEVERSION: u32 = 1113;
pub(crate) const OBSOLETEFLAGS: u32 = 1114;
pub(crate) const OBSOLETEVERSION: u32 = 1115;
pub(crate) const DIRINDEXES: u32 = 1116;
pub(crate) const BASENAMES: u32 = 1117;
pub(crate) const DIRNAMES: u32 = 1118;
pub(crate) const PAYLOADFORMAT: u32 = 1124;
pub(crate) const INSTALLCOLOR: u32 = 1127;
pub(crate) const INSTALLTID: u32 = 1128;
pub(crate) const LONGFILESIZES: u32 = 5008;
pub(crate) const FILECAPS: u32 = 5010;
pub(crate) const FILEDIGESTALGO: u32 = 5011;
pub(crate) const RECOMMENDNAME: u32 = 5046;
pub(crate) const SUGGESTNAME: u32 = 5049;
pub(crate) const SUPPLEMENTNAME: u32 = 5052;
pub(crate) const ENHANCENAME: u32 = 5055;
pub(crate) const FILETRIGGERNAME: u32 = 5069;
pub(crate) const FILETRIGGERINDEX: u32 = 5070;
pub(crate) const TRANSFILETRIGGERNAME: u32 = 5079;
pub(crate) const TRANSFILETRIGGERINDEX: u32 = 5080;
pub(crate) const PAYLOADSHA256: u32 = 5092;
pub(crate) const PAYLOADSHA256ALGO: u32 = 5093;
pub(crate) const RPMFORMAT: u32 = 5114;
