// swift-tools-version: 6.2
import PackageDescription

// A module imports only the modules its inputs come from, and each outside library is imported by
// exactly one module; `swift build --explicit-target-dependency-import-check error` keeps it so.

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]
let cSettings: [CSetting] = [.treatAllWarnings(as: .error)]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: swiftSettings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "graftd",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: vector kernels, and the system libraries as module maps.
        .target(name: "CKernels", cSettings: cSettings),
        .systemLibrary(name: "CMalloc"),  // glibc's malloc.h, which Swift's module of glibc leaves out
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "CJPEG", cSettings: cSettings, linkerSettings: [.linkedLibrary("jpeg")]),  // libjpeg62-turbo-dev
        .target(name: "CPNG", cSettings: cSettings, linkerSettings: [.linkedLibrary("png16")]),  // libpng-dev
        // libhdf5-dev. From its archive: the shared library would load curl, OpenSSL, LDAP and Kerberos with every call
        // of graftctl, which takes 12 ms.
        .target(
            name: "CHDF5", cSettings: cSettings,
            linkerSettings: [.linkedLibrary(":libhdf5_serial.a"), .linkedLibrary("sz"), .linkedLibrary("z")]),

        // From bytes to an answer.
        library("GraftTensor", ["CKernels", "COpenBLAS"]),
        library("GraftImage", ["GraftTensor", "CKernels", "CJPEG", "CPNG"]),
        library("GraftCheckpoint", [crypto]),
        library("GraftNetwork", ["GraftTensor", "GraftImage", "GraftCheckpoint", "CKernels"]),
        library("GraftImport", ["GraftCheckpoint", "GraftNetwork", "CHDF5"]),
        library("GraftExport", ["GraftCheckpoint", "GraftImage", "GraftLearning", "GraftNetwork"]),
        library("GraftStore", [grdb]),
        library("GraftLearning", ["GraftTensor", "GraftCheckpoint", "GraftNetwork"]),

        // The service.
        library(
            "GraftService",
            [
                "GraftAPI", "GraftTensor", "GraftImage", "GraftCheckpoint", "GraftNetwork", "GraftStore",
                "GraftLearning",
                configuration, logging, systemPackage, yams,
            ]),
        library("GraftAPI"),
        library("GraftManual"),
        library(
            "GraftHTTP",
            [
                "GraftAPI", "GraftService",
                hummingbird, hummingbirdCore, httpTypes, logging, nioCore, nioFoundation, nioHTTP1, nioHTTPTypes,
                nioHTTPTypesHTTP1, nioPosix, serviceLifecycle,
            ], resources: [.embedInCode("openapi.yaml")]),
        library("GraftSystemd", ["CSystemd", logging]),
        library("GraftClient", ["GraftAPI", asyncHTTPClient, nioCore, nioFoundation]),

        // Thin executables.
        executable(
            "graftd",
            [
                "GraftAPI", "GraftManual", "GraftService", "GraftHTTP", "GraftSystemd", "CMalloc",
                argumentParser, logging, serviceLifecycle, unixSignals,
            ]),
        executable(
            "graftctl",
            [
                "GraftAPI", "GraftCheckpoint", "GraftClient", "GraftExport", "GraftImage", "GraftImport",
                "GraftManual", "GraftNetwork", "GraftService", "GraftStore", "GraftTensor",
                argumentParser,
            ]),
        executable(
            "graftbench",
            [
                "GraftImage", "GraftLearning", "GraftStore", "GraftTensor", "GraftCheckpoint", "GraftNetwork",
                argumentParser,
            ]),

        // `TestSupport` finds Tests/Fixtures; each fixture folder holds the script that made it.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swiftSettings),
        // Backbones of random weights, for tests that need more than one.
        .target(
            name: "TestBackbones", dependencies: ["GraftCheckpoint", "GraftNetwork"], path: "Tests/TestBackbones",
            swiftSettings: swiftSettings),
        // The kernels' plain loops, in C, so that they also run where there is no Swift; see deploy/kernels.
        .target(
            name: "KernelChecks", dependencies: ["CKernels"], path: "Tests/KernelChecks", exclude: ["main.c"],
            cSettings: cSettings),
        tests("GraftTensorTests", ["GraftTensor", "KernelChecks"]),
        tests("GraftImageTests", ["GraftImage", "GraftTensor"]),
        tests("GraftCheckpointTests", ["GraftCheckpoint"]),
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter", cSettings: cSettings),
        tests(
            "GraftNetworkTests",
            ["GraftNetwork", "GraftTensor", "GraftCheckpoint", "AllocationCounter", "TestBackbones"]),
        tests(
            "GraftImportTests",
            ["GraftImport", "GraftCheckpoint", "GraftImage", "GraftNetwork", "GraftTensor", "CHDF5"]),
        tests(
            "GraftExportTests",
            [
                "GraftExport", "GraftCheckpoint", "GraftImage", "GraftImport", "GraftLearning", "GraftNetwork",
                "GraftTensor",
            ]),
        tests("GraftStoreTests", ["GraftStore", grdb]),
        tests(
            "GraftLearningTests",
            ["GraftLearning", "GraftTensor", "GraftCheckpoint", "GraftNetwork", "TestBackbones"]),
        tests(
            "GraftServiceTests",
            [
                "GraftService", "GraftAPI", "GraftCheckpoint", "GraftLearning", "GraftNetwork", "GraftStore",
                "TestBackbones", grdb, logging,
            ]),
        tests("GraftSystemdTests", ["GraftSystemd", logging]),
        tests("GraftAPITests", ["GraftAPI"]),
        tests("GraftManualTests", ["GraftManual"]),
        tests(
            "GraftHTTPTests",
            ["GraftHTTP", "GraftAPI", "GraftService", logging, nioCore, nioEmbedded, nioHTTP1]),
        tests("GraftClientTests", ["GraftClient", "GraftAPI"]),
        tests(
            "DaemonTests",
            [
                "GraftAPI", "GraftCheckpoint", "GraftClient", "GraftImage", "GraftImport", "GraftLearning",
                "GraftManual", "GraftNetwork", "TestBackbones", "graftd", "graftctl", grdb,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// libFuzzer's targets exist only where deploy/fuzz asks for them: an ordinary build knows nothing of them.
if Context.environment["GRAFTD_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "graftfuzz", dependencies: ["GraftImport", "GraftCheckpoint", "GraftNetwork"], path: "Tests/Fuzz",
            swiftSettings: swiftSettings, linkerSettings: [.unsafeFlags(["-sanitize=address"])]))
    let instrumented = ["GraftCheckpoint", "GraftNetwork", "GraftImport", "graftfuzz"]
    for target in package.targets where instrumented.contains(target.name) {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer,address"]))
    }
}
