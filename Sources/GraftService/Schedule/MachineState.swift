import Foundation

/// Whether this machine can afford to train: its batteries and temperatures, as Linux shows them.
package struct MachineState: Sendable, Equatable {
    package struct Battery: Sendable, Equatable {
        package var name: String
        /// In per cent.
        package var level: Int

        package init(name: String, level: Int) {
            self.name = name
            self.level = level
        }
    }

    package struct Temperature: Sendable, Equatable {
        package var name: String
        /// In degrees Celsius.
        package var degrees: Double

        package init(name: String, degrees: Double) {
            self.name = name
            self.degrees = degrees
        }
    }

    /// The emptiest battery that is being drained; nil with external power, or without a battery.
    package var battery: Battery?
    /// The hottest zone; nil where none can be read.
    package var temperature: Temperature?

    package init(battery: Battery? = nil, temperature: Temperature? = nil) {
        self.battery = battery
        self.temperature = temperature
    }

    /// What `folder`, which is `/sys` but in tests, says now. What cannot be read is left out.
    package init(systemFolder folder: String) {
        battery = Self.battery(Self.devices("\(folder)/class/power_supply"))
        temperature = Self.temperature(Self.devices("\(folder)/class/thermal"))
    }

    /// Documentation/ABI/testing/sysfs-class-power in Linux's sources.
    private static func battery(_ supplies: [Device]) -> Battery? {
        // A supply of scope "Device" is that of a mouse, say.
        let ours = supplies.filter { $0.text("scope") != "Device" }
        let isFed = ours.contains { $0.text("type") != "Battery" && $0.number("online") ?? 0 > 0 }
        return
            ours
            .filter { supply in
                guard supply.text("type") == "Battery", supply.number("present") ?? 1 > 0 else { return false }
                return switch supply.text("status") {
                case "Discharging": true
                case "Charging", "Full", "Not charging": false
                default: !isFed
                }
            }
            .compactMap { supply in supply.level.map { Battery(name: supply.name, level: $0) } }
            .min { $0.level < $1.level }
    }

    /// Documentation/ABI/testing/sysfs-class-thermal: thousandths of a degree.
    private static func temperature(_ zones: [Device]) -> Temperature? {
        zones.filter { $0.name.hasPrefix("thermal_zone") }
            .compactMap { zone in
                // Drivers of sensors that are off or absent report fixed numbers from far outside.
                zone.number("temp").map { Double($0) / 1_000 }.flatMap { (-60...150).contains($0) ? $0 : nil }
                    .map { Temperature(name: zone.text("type") ?? zone.name, degrees: $0) }
            }
            .max { $0.degrees < $1.degrees }
    }

    // MARK: -

    private static func devices(_ folder: String) -> [Device] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            .map { Device(name: $0, path: "\(folder)/\($0)") }
    }

    /// One folder of attributes, each a file with one short line.
    private struct Device {
        let name: String
        let path: String

        func text(_ attribute: String) -> String? {
            guard let file = FileHandle(forReadingAtPath: "\(path)/\(attribute)") else { return nil }
            defer { try? file.close() }
            // A sensor that is asleep answers with an error of the read.
            guard let data = try? file.read(upToCount: 64), !data.isEmpty else { return nil }
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func number(_ attribute: String) -> Int? { text(attribute).flatMap(Int.init) }

        /// How full the battery is, in per cent.
        var level: Int? {
            if let capacity = number("capacity") { return min(max(capacity, 0), 100) }
            for kind in ["energy", "charge"] {
                if let now = number("\(kind)_now"), let full = number("\(kind)_full"), full > 0,
                    (0...full).contains(now)
                {
                    return Int(100 * Double(now) / Double(full))
                }
            }
            return nil
        }
    }
}
