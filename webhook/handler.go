package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
)

// Handler handles the requests that Zaqar sends to a webhook. Create it with [New]. It is
// safe for concurrent use, starts no goroutines and keeps no state between requests.
//
// It answers 204 after success, 4xx if it refuses the request, 500 if Config.Handle
// fails, and 502 if it could not confirm a subscription. After a 502, subscribe again to
// get another notice.
type Handler struct{ config Config }

var _ http.Handler = (*Handler)(nil)

// New returns a handler. It does no I/O. An invalid configuration is an error.
func New(config Config) (*Handler, error) {
	config, err := config.filled()
	if err != nil {
		return nil, err
	}
	return &Handler{config: config}, nil
}

// ServeHTTP implements http.Handler. It blocks until Config.Handle has returned, or until
// the server has answered a confirmation.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(w, r)
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		refused = &refusal{http.StatusInternalServerError, "the notification was not handled"}
	}
	h.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "webhook: a request was refused or failed",
		slog.Int("status", refused.status), slog.Any("error", err))
	if refused.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, refused.reason, refused.status)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	data, err := h.read(w, r)
	if err != nil {
		return err
	}
	d, err := parse(data)
	if err != nil {
		return err
	}
	if !slices.Contains(h.config.Queues, d.Queue) {
		return forbidden("the queue is not one of Config.Queues")
	}
	switch d.Type {
	case "Notification":
		n, err := d.notification()
		if err != nil {
			return err
		}
		return h.config.Handle(r.Context(), n)
	case string(SubscriptionConfirmation), string(UnsubscribeConfirmation):
		return h.answer(r.Context(), d)
	}
	return malformed("the Message_Type is not known")
}

// read checks a request's method, content type and size, and returns its body.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, &refusal{http.StatusMethodNotAllowed, "the method is not POST"}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != h.config.ContentType {
		return nil, &refusal{http.StatusUnsupportedMediaType, "the Content-Type is not " + h.config.ContentType}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "the body has more than " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes"}
	}
	if err != nil {
		return nil, malformed("the body could not be read")
	}
	return data, nil
}

// answer asks the policy about a notice and answers the server. The request uses the
// client's endpoint, and of the notice only the checked path and the signature.
func (h *Handler) answer(ctx context.Context, d document) error {
	if h.config.Client == nil {
		return forbidden("notices are not answered without Config.Client")
	}
	n, err := d.notice(h.config.project())
	if err != nil {
		return err
	}
	body := ""
	switch h.config.Policy(ctx, n) {
	case Confirm:
		body = `{"confirmed":true}`
	case Decline:
		body = `{"confirmed":false}`
	default:
		return nil
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if err := n.signed.Authorize(ctx, header); err != nil {
		return forbidden("the notice has expired")
	}
	reply, err := h.config.Client.Conn().Do(ctx, &transport.Request{
		Op: "subscription_confirm", Method: http.MethodPut, Path: d.Paths, Header: header, Body: []byte(body),
		Repeatable: true,
	})
	if err == nil && reply.Status != http.StatusNoContent {
		err = fmt.Errorf("webhook: the confirmation was answered %d, not 204: a proxy may have answered in the service's place", reply.Status)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, zaqar.ErrNotFound) {
		return errors.Join(forbidden("the server refuses the notice's signature, or has no such subscription"), err)
	}
	return errors.Join(&refusal{http.StatusBadGateway, "the confirmation could not be sent"}, err)
}
