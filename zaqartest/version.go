package zaqartest

// apiVersion is a version of the API and what it requires of every request. Its
// paths are in the table of routes.
type apiVersion struct {
	name     string // as in paths: "v1.1"
	id       string // as in the answer to GET /
	status   string
	updated  string // Zaqar does not pad these dates with zeros
	mediaTag string // the part of its media type that names the version

	needsClient  bool // a Client-ID on every path
	needsProject bool
}

var (
	v1 = &apiVersion{
		name: "v1", id: "1", status: "DEPRECATED",
		updated: "2014-9-11T17:47:05Z", mediaTag: "v1",
	}
	v11 = &apiVersion{
		name: "v1.1", id: "1.1", status: "DEPRECATED",
		updated: "2016-7-29T02:22:47Z", mediaTag: "v1_1",
		needsClient: true, needsProject: true,
	}
	v2 = &apiVersion{
		name: "v2", id: "2", status: "CURRENT",
		updated: "2014-9-24T04:06:47Z", mediaTag: "v2",
		needsClient: true, needsProject: true,
	}
)

// The versions in which a route exists: a column of the table of routes.
var (
	everyVersion = []*apiVersion{v1, v11, v2}
	onlyV1       = []*apiVersion{v1}
	onlyV11      = []*apiVersion{v11}
	beforeV2     = []*apiVersion{v1, v11}
	sinceV11     = []*apiVersion{v11, v2}
	onlyV2       = []*apiVersion{v2}
)
