//! ext4
mod acl; mod checksum; mod directory; mod extent; mod format; mod geometry; mod hash; mod space; mod xattr;
