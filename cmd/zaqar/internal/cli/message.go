package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

// NewCmdMessage returns the command zaqar message with its subcommands.
func NewCmdMessage(app *App) *cobra.Command {
	return group("message", "Post, list, read, pop and delete messages",
		newCmdMessagePost(app),
		newCmdMessageList(app),
		newCmdMessageGet(app),
		newCmdMessagePop(app),
		newCmdMessageDelete(app),
	)
}

func newCmdMessagePost(app *App) *cobra.Command {
	var ids bool
	cmd := &cobra.Command{
		Use:   "post",
		Short: "Post messages to a queue",
		Long: `Post messages to a queue, in one request: all of them or none. MESSAGES is a JSON
list of objects with a body, and a ttl and a delay in seconds if you like. It
may be @FILE or -.`,
		Example: `  zaqar message post jobs '[{"body": {"n": 1}}, {"body": "two", "ttl": 300}]'`,
	}
	app.takes(cmd, "QUEUE", "MESSAGES")
	cmd.Flags().BoolVar(&ids, "ids", false, "print the ids of the messages")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		var given outgoings
		if err := app.jsonArgument("MESSAGES", args[1], &given); err != nil {
			return err
		}
		messages := make([]zaqar.Outgoing, len(given))
		for i, m := range given {
			if m.Body == nil {
				return badUsage("MESSAGES: message %d has no body", i+1)
			}
			messages[i] = zaqar.Outgoing{Body: m.Body, TTL: time.Duration(m.TTL) * time.Second, Delay: time.Duration(m.Delay) * time.Second}
		}
		posted, err := client.Queue(args[0]).PostMany(ctx, messages)
		if ids {
			for _, id := range posted {
				fmt.Fprintln(app.Out, id)
			}
		}
		return err
	})
	return cmd
}

// outgoing is a message in the form of the API.
type outgoing struct {
	Body       json.RawMessage // nil if there is none
	TTL, Delay int64
}

// UnmarshalJSON refuses keys that would have no effect.
func (o *outgoing) UnmarshalJSON(raw []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	o.Body = fields["body"]
	for key, value := range fields {
		var err error
		switch key {
		case "body":
		case "ttl":
			err = wholeSeconds(key, value, &o.TTL)
		case "delay":
			err = wholeSeconds(key, value, &o.Delay)
		default:
			err = fmt.Errorf("a message has no %q; it has body, ttl and delay", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wholeSeconds reads a value of a message.
func wholeSeconds(key string, value json.RawMessage, into *int64) error {
	if json.Unmarshal(value, into) != nil {
		return fmt.Errorf("the %s of a message must be whole seconds, such as 300", key)
	}
	return nil
}

// outgoings are a list of messages, or one message.
type outgoings []outgoing

// UnmarshalJSON takes one message for a list of one.
func (o *outgoings) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("{")) {
		*o = make(outgoings, 1)
		return json.Unmarshal(raw, &(*o)[0])
	}
	return json.Unmarshal(raw, (*[]outgoing)(o))
}

// messageColumns are the columns of messages.
var messageColumns = []string{"ID", "Body", "TTL", "Age", "Claim ID", "Checksum"}

func messageFields(m *zaqar.Message) []any {
	return []any{m.ID(), m.Body(), whole(m.TTL()), whole(m.Age()), orNil(m.ClaimID()), orNil(m.Checksum())}
}

func newCmdMessageList(app *App) *cobra.Command {
	var page pageFlags
	var ids string
	var echo, claimed, delayed bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the messages of a queue",
		Long: `List the messages of a queue, oldest first, without claiming them: all that are
free, unless options say otherwise.

With --client-id or OS_MESSAGE_CLIENT_ID, messages that were posted with the
same UUID are left out unless there is --echo.`,
		Example: `  zaqar message list jobs --limit 10
  zaqar message list jobs --include-claimed -f json`,
	}
	app.takes(cmd, "QUEUE")
	page.add(cmd, "messages", "message")
	cmd.Flags().StringVar(&ids, "message-ids", "", "only those with these ids, a comma-separated `list`")
	cmd.Flags().BoolVar(&echo, "echo", false, "this client's own messages, too")
	cmd.Flags().BoolVar(&claimed, "include-claimed", false, "claimed messages, too")
	cmd.Flags().BoolVar(&delayed, "include-delayed", false, "delayed messages, too")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := errors.Join(out.check(messageColumns...), page.check()); err != nil {
			return err
		}
		options := []zaqar.MessagesOption{zaqar.Echo(echo), zaqar.IncludeClaimed(claimed), zaqar.IncludeDelayed(delayed)}
		if ids != "" {
			options = []zaqar.MessagesOption{zaqar.IDs(commaSeparated(ids))}
		}
		if page.limit > 0 {
			options = append(options, zaqar.Limit(page.limit))
		}
		if page.marker != "" {
			options = append(options, zaqar.Marker(page.marker))
		}
		var rows [][]any
		for message, err := range client.Queue(args[0]).Messages(ctx, options...) {
			if err != nil {
				return err
			}
			rows = append(rows, messageFields(message))
		}
		return out.list(messageColumns, rows)
	})
	return cmd
}

func newCmdMessageGet(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get",
		Short:   "Print one message",
		Long:    `Print one message, claimed or not.`,
		Example: `  zaqar message get jobs 50b68a50d6f5b8c8a7c62b01 -f value -c Body`,
	}
	app.takes(cmd, "QUEUE", "MESSAGE")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(messageColumns...); err != nil {
			return err
		}
		message, err := client.Queue(args[0]).Message(ctx, args[1])
		if err != nil {
			return err
		}
		return out.show(messageColumns, messageFields(message))
	})
	return cmd
}

func newCmdMessagePop(app *App) *cobra.Command {
	limit := 1
	cmd := &cobra.Command{
		Use:   "pop",
		Short: "Remove messages from a queue and print them",
		Long: `Remove messages from a queue and print them, oldest first. The server deletes them
as it answers: if the answer is lost, they are lost. Use claims where that
matters.`,
		Example: `  zaqar message pop jobs -f json
  zaqar message pop jobs --limit 10`,
	}
	app.takes(cmd, "QUEUE")
	cmd.Flags().IntVar(&limit, "limit", limit, "remove at most `n` messages")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if limit < 1 {
			return badUsage("--limit is %d; it must be at least 1", limit)
		}
		if err := out.check(messageColumns...); err != nil {
			return err
		}
		messages, err := client.Queue(args[0]).Pop(ctx, limit)
		if err != nil && len(messages) == 0 {
			return err
		}
		var rows [][]any
		for _, message := range messages {
			rows = append(rows, messageFields(message))
		}
		return errors.Join(err, out.list(messageColumns, rows))
	})
	return cmd
}

func newCmdMessageDelete(app *App) *cobra.Command {
	var claim string
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete messages",
		Long: `Delete messages by their ids. It is no error if a message does not exist.

A claimed message needs --claim-id: without it the exit code is 3, and with
another claim, or one that has ended, it is 5.`,
		Example: `  zaqar message delete jobs 50b68a50d6f5b8c8a7c62b01
  zaqar message delete jobs 50b68a50d6f5b8c8a7c62b01 --claim-id 51db7067821e727dc24df754`,
	}
	app.takes(cmd, "QUEUE", "MESSAGE...")
	cmd.Flags().StringVar(&claim, "claim-id", "", "the `claim` that holds the messages")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		var options []zaqar.DeleteOption
		if claim != "" {
			options = append(options, zaqar.ClaimID(claim))
		}
		queue := client.Queue(args[0])
		return deleteEach(args[1:], "messages", func(id string) error { return queue.DeleteMessage(ctx, id, options...) })
	})
	return cmd
}
