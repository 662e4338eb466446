/// The contract of the API, `openapi.yaml`, as the program carries it.
package enum APIDocument {
    /// OpenAPI 3.1, in YAML.
    package static let bytes = PackageResources.openapi_yaml
}
