//! The numbers of the tags that are read or written, and the types of all (rpm's `rpmtag.h`).

use super::header::kind;

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
pub(crate) const VENDOR: u32 = 1011;
pub(crate) const LICENSE: u32 = 1014;
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
pub(crate) const FILELANGS: u32 = 1097;
pub(crate) const PREFIXES: u32 = 1098;
pub(crate) const INSTPREFIXES: u32 = 1099;
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
pub(crate) const FILECOLORS: u32 = 1140;
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

/// The types of texts, which rpm takes for one another.
const TEXTS: [u32; 3] = [kind::STRING, kind::STRING_ARRAY, kind::I18N_STRING];

/// Returns whether a tag may have values of that type (rpm's `hdrchkTagType`): one that is not known
/// may have any.
pub(crate) fn has_type(tag: u32, kind: u32) -> bool {
    let types = types(tag);
    types.is_empty() || types.contains(&kind)
}

/// Returns the types that a tag of a package may have, as those of rpm 4.18.
pub(crate) fn types(tag: u32) -> &'static [u32] {
    match tag {
        1029 => &[kind::CHAR],
        1030 | 1033 => &[kind::INT16],
        1003 | 1006 | 1008 | 1009 | 1028 | 1034 | 1037 | 1045 | 1046 | 1048 | 1051 | 1052
        | 1053 | 1068 | 1069 | 1080 | 1095 | 1096 | 1106 | 1112 | 1114 | 1116 | 1119 | 1127
        | 1128 | 1129 | 1134 | 1140 | 1141 | 1143 | 1144 | 1145 | 1158 | 1161 | 1195 | 5011
        | 5017 | 5018 | 5019 | 5020 | 5021 | 5022 | 5023 | 5024 | 5025 | 5026 | 5027 | 5032
        | 5033 | 5037 | 5045 | 5048 | 5051 | 5054 | 5057 | 5068 | 5070 | 5072 | 5078 | 5080
        | 5082 | 5084 | 5085 | 5091 | 5093 => &[kind::INT32],
        5008 | 5009 => &[kind::INT64],
        1012 | 1013 | 1043 | 1146 => &[kind::BIN],
        1000 | 1001 | 1002 | 1004 | 1005 | 1007 | 1010 | 1011 | 1014 | 1015 | 1016 | 1018
        | 1019 | 1020 | 1021 | 1022 | 1023 | 1024 | 1025 | 1026 | 1027 | 1035 | 1036 | 1039
        | 1040 | 1044 | 1047 | 1049 | 1050 | 1054 | 1055 | 1059 | 1060 | 1061 | 1062 | 1064
        | 1065 | 1066 | 1067 | 1079 | 1081 | 1082 | 1085 | 1086 | 1087 | 1088 | 1089 | 1090
        | 1091 | 1092 | 1094 | 1097 | 1098 | 1099 | 1113 | 1115 | 1117 | 1118 | 1120 | 1121
        | 1122 | 1123 | 1124 | 1125 | 1126 | 1132 | 1133 | 1135 | 1142 | 1147 | 1148 | 1149
        | 1150 | 1151 | 1152 | 1153 | 1154 | 1155 | 1156 | 1157 | 1159 | 1160 | 1196 | 5000
        | 5001 | 5002 | 5005 | 5006 | 5007 | 5010 | 5012 | 5013 | 5014 | 5015 | 5016 | 5030
        | 5031 | 5034 | 5035 | 5036 | 5040 | 5041 | 5042 | 5043 | 5044 | 5046 | 5047 | 5049
        | 5050 | 5052 | 5053 | 5055 | 5056 | 5058 | 5059 | 5060 | 5061 | 5062 | 5066 | 5067
        | 5069 | 5071 | 5076 | 5077 | 5079 | 5081 | 5086 | 5087 | 5088 | 5089 | 5090 | 5092
        | 5096 | 5097 | 5098 | 5099 | 5100 | 5101 => &TEXTS,
        _ => &[],
    }
}
