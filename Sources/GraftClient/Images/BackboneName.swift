/// The names that a backbone may have: they become a folder of the daemon's state.
package enum BackboneName {
    /// Whether `name` has 1 to 64 of the characters `a-z A-Z 0-9 . _ -` and does not begin with a dot.
    package static func isUsable(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
