package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// callTimeout limits each call. It is shorter than the library's default, because an
// interrupted tour waits for the call that is under way.
const callTimeout = 30 * time.Second

// targetFlags select a Zaqar.
type targetFlags struct {
	embedded      bool
	cloud         string
	region, iface string
	endpoint      string
	project       string
}

func (f *targetFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.embedded, "embedded", false, "use the embedded server, and ignore OS_* variables")
	flags.StringVar(&f.cloud, "os-cloud", "", "use this `cloud` of clouds.yaml")
	flags.StringVar(&f.region, "os-region-name", "", "use this `region` of the cloud")
	flags.StringVar(&f.iface, "os-interface", "", "use this `interface`: public, internal or admin")
	flags.StringVar(&f.endpoint, "endpoint", "", "use the Zaqar without authentication at this `URL`")
	flags.StringVar(&f.project, "project", "", "use this `project`; only with --endpoint")
}

// target is a Zaqar to connect to.
type target struct {
	// intro is a sentence that names the target.
	intro string
	// code is the Go code that connects, line by line.
	code []string
	// lasting is true if queues outlive the program there.
	lasting  bool
	endpoint string
	options  []zaqar.ConnectOption
	close    func()
}

func (t *target) connect(ctx context.Context) (*zaqar.Client, error) {
	options := append([]zaqar.ConnectOption{zaqar.WithTimeout(callTimeout), zaqar.WithUserAgent("zaqar-tour")}, t.options...)
	return zaqar.Connect(ctx, t.endpoint, options...)
}

// target returns the Zaqar that a flag selects, else the one that the environment
// selects, else the embedded server.
func (f *targetFlags) target() (*target, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	switch {
	case f.endpoint != "":
		return &target{
			intro:    "On the Zaqar at " + f.endpoint + ", without authentication.",
			code:     []string{fmt.Sprintf("client, err := zaqar.Connect(ctx, %q, zaqar.WithProject(%q))", f.endpoint, f.project)},
			lasting:  true,
			endpoint: f.endpoint,
			options:  []zaqar.ConnectOption{zaqar.WithProject(f.project)},
			close:    func() {},
		}, nil
	case f.cloud != "":
		return f.signIn("On the cloud "+f.cloud+" of clouds.yaml.", "FromCloud", f.cloud), nil
	case f.embedded || !hasCredentials():
		return f.embed()
	case os.Getenv("OS_CLOUD") != "":
		return f.signIn("On the cloud "+os.Getenv("OS_CLOUD")+" of clouds.yaml, which OS_CLOUD names.", "FromEnv"), nil
	default:
		return f.signIn("On the cloud that the OS_* variables name.", "FromEnv"), nil
	}
}

func (f *targetFlags) check() error {
	var named []string
	for _, flag := range []struct {
		name  string
		given bool
	}{{"--embedded", f.embedded}, {"--os-cloud", f.cloud != ""}, {"--endpoint", f.endpoint != ""}} {
		if flag.given {
			named = append(named, flag.name)
		}
	}
	at, err := url.Parse(f.endpoint)
	switch {
	case err != nil:
		return badUsage("--endpoint is not a URL") // it may hold a password
	case at.User != nil || strings.Contains(f.endpoint, "@"):
		return badUsage("--endpoint has a user or a password; a server without authentication needs none, and for a cloud use --os-cloud or OS_* variables")
	case at.RawQuery != "" || at.Fragment != "":
		return badUsage("--endpoint has a query or a fragment; remove it")
	case len(named) > 1:
		return badUsage("%s each select a server: use one of them", strings.Join(named, " and "))
	case f.endpoint != "" && f.project == "":
		return badUsage("--endpoint needs --project: a server without authentication gets the project from its callers")
	case f.project != "" && f.endpoint == "":
		return badUsage("--project needs --endpoint: on a cloud the credentials determine the project")
	case f.region+f.iface != "" && (f.embedded || f.endpoint != "" || f.cloud == "" && !hasCredentials()):
		return badUsage("--os-region-name and --os-interface need a cloud: name the cloud with --os-cloud or OS_* variables")
	}
	return nil
}

// credentials are the variables that select a cloud. Other OS_ variables only change
// settings, or do not belong to OpenStack.
var credentials = []string{
	"OS_CLOUD", "OS_AUTH_URL", "OS_AUTH_TYPE", "OS_USERNAME", "OS_USER_ID", "OS_TOKEN",
	"OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_NAME", "OS_ENDPOINT",
}

func hasCredentials() bool {
	for _, name := range credentials {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// signIn returns a target with keystone.FromEnv or keystone.FromCloud.
func (f *targetFlags) signIn(intro, constructor string, cloud ...string) *target {
	var arguments []string
	for _, name := range cloud {
		arguments = append(arguments, strconv.Quote(name))
	}
	var options []keystone.Option
	if f.region != "" {
		arguments = append(arguments, fmt.Sprintf("keystone.Region(%q)", f.region))
		options = append(options, keystone.Region(f.region))
	}
	if f.iface != "" {
		arguments = append(arguments, fmt.Sprintf("keystone.Interface(%q)", f.iface))
		options = append(options, keystone.Interface(f.iface))
	}
	credentials := keystone.FromEnv(options...)
	if len(cloud) > 0 {
		credentials = keystone.FromCloud(cloud[0], options...)
	}
	return &target{
		intro: intro,
		code: []string{
			fmt.Sprintf("credentials := keystone.%s(%s)", constructor, strings.Join(arguments, ", ")),
			`client, err := zaqar.Connect(ctx, "", zaqar.WithAuth(credentials))`,
		},
		lasting: true,
		options: []zaqar.ConnectOption{zaqar.WithAuth(credentials)},
		close:   func() { _ = credentials.Close() },
	}
}

// embed starts a server inside the program. It uses no network.
func (f *targetFlags) embed() (*target, error) {
	server, err := zaqartest.NewServer()
	if err == nil {
		err = server.ListenInMemory()
	}
	if err != nil {
		return nil, err
	}
	return &target{
		intro: "On an embedded Zaqar, which runs inside this program and ends with it.",
		code: []string{
			`server, err := zaqartest.NewServer()`,
			`err = server.ListenInMemory()`,
			`client, err := zaqar.Connect(ctx, server.URL(),`,
			`    zaqar.WithHTTPClient(server.HTTPClient()), zaqar.WithProject("demo"))`,
		},
		endpoint: server.URL(),
		options:  []zaqar.ConnectOption{zaqar.WithHTTPClient(server.HTTPClient()), zaqar.WithProject("demo")},
		close:    func() { _ = server.Close() },
	}, nil
}
