package zaqartest

import (
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// operationStatus is the result of one operation of the health check.
type operationStatus struct {
	Succeeded bool    `json:"succeeded"`
	Seconds   float64 `json:"seconds"`
	Ref       *string `json:"ref"` // names a failure in the server's log
}

// getHealth tries every operation of the store on a queue of its own. With pooling,
// it reports the same result for every pool, since all of them are the one store.
func getHealth(c *call) (reply, error) {
	operations := map[string]operationStatus{}
	reachable := true
	name := broker.NewUUID().String()
	var held broker.Claim
	for _, step := range []struct {
		name string
		run  func(*broker.WriteTx, broker.Queue) error
	}{
		{"create_queue", func(w *broker.WriteTx, _ broker.Queue) error {
			_, _, err := w.CreateQueue(broker.HealthProject, name, nil)
			return err
		}},
		{"post_messages", func(w *broker.WriteTx, q broker.Queue) error {
			for range 2 {
				w.Append(q, broker.Draft{Body: []byte("{}"), TTL: broker.MinMessageTTL}, broker.UUID{})
			}
			return nil
		}},
		{"claim_messages", func(w *broker.WriteTx, q broker.Queue) (err error) {
			held, _, err = w.CreateClaim(q, 1, broker.ClaimTerms{TTL: broker.MinClaimTTL, Grace: broker.MinClaimGrace})
			return err
		}},
		{"list_messages", func(w *broker.WriteTx, q broker.Queue) error {
			for range w.Messages(q, 0) {
				continue
			}
			return nil
		}},
		{"delete_messages", func(w *broker.WriteTx, q broker.Queue) error {
			for _, m := range w.ClaimMessages(q, held) {
				w.RemoveMessage(q, m)
			}
			return nil
		}},
		{"delete_claim", func(w *broker.WriteTx, q broker.Queue) error { w.ReleaseClaim(q, held); return nil }},
		{"bulk_delete_messages", func(w *broker.WriteTx, q broker.Queue) error { w.DeleteAllMessages(q); return nil }},
		{"delete_queue", func(w *broker.WriteTx, q broker.Queue) error { w.DeleteQueue(q); return nil }},
	} {
		start := time.Now()
		err := c.srv.broker.Update(func(w *broker.WriteTx) error {
			q, err := w.Queue(broker.HealthProject, name)
			if err != nil && step.name != "create_queue" {
				return err
			}
			return step.run(w, q)
		})
		status := operationStatus{Succeeded: err == nil, Seconds: time.Since(start).Seconds()}
		if err != nil {
			ref := broker.NewUUID().String()
			status.Ref, reachable = &ref, false
			c.srv.logger.Error("the health check failed", "operation", step.name, "ref", ref, "error", err)
		}
		operations[step.name] = status
	}
	storage := map[string]any{"storage_reachable": reachable, "operation_status": operations}
	if !c.srv.options.pooling {
		return jsonReply(http.StatusOK, storage)
	}
	all := map[string]any{}
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		for p := range r.Pools("") {
			all[p.Name] = storage
		}
		return nil
	})
	all["catalog_reachable"] = err == nil
	return jsonReply(http.StatusOK, all)
}
