package zaqartest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// patchType is the media type that a patch of a queue's metadata must have.
const patchType = "application/openstack-messaging-v2.0-json-patch"

// putQueue creates a queue with metadata. An existing queue is not changed.
func putQueue(c *call) (reply, error) {
	limits := c.srv.options.limits
	content := broker.Metadata{}
	if c.size > 0 {
		document, err := c.document(int64(limits.MaxQueueMetadata))
		if err != nil {
			return reply{}, err
		}
		if content, err = rawjson.Object(document); err != nil {
			return reply{}, invalidBody("The metadata must be an object.")
		}
		if err := limits.CheckMetadata(content); err != nil {
			return reply{}, invalid("%v.", err)
		}
	}
	return createQueue(c, content)
}

// putQueueV1 creates a queue in v1, which ignores the body.
func putQueueV1(c *call) (reply, error) { return createQueue(c, broker.Metadata{}) }

func createQueue(c *call, content broker.Metadata) (reply, error) {
	created, err := c.srv.broker.CreateQueue(c.project, c.param("queue"), content)
	if errors.Is(err, broker.ErrNoFlavor) {
		err = invalid("The flavor of the queue does not exist.")
	}
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return empty(status).with("Location", c.queuePath()), err
}

// metadataOf returns the metadata of the call's queue.
func metadataOf(c *call) (broker.Metadata, error) {
	var content broker.Metadata
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		content = q.Metadata
		return err
	})
	return content, err
}

// getQueue returns the metadata with the reserved keys filled in. A missing queue
// looks like one without metadata.
func getQueue(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil && !errors.Is(err, broker.ErrNoQueue) {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, content.WithReserved(c.srv.options.limits))
}

// getQueueV11 returns the metadata as it was stored.
func getQueueV11(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil && !errors.Is(err, broker.ErrNoQueue) {
		return reply{}, err
	}
	if content == nil {
		content = broker.Metadata{}
	}
	return jsonReply(http.StatusOK, content)
}

// queueExistsV1 answers GET and HEAD of a queue in v1, which only say whether it
// exists.
func queueExistsV1(c *call) (reply, error) {
	c.location = c.queuePath()
	_, err := metadataOf(c)
	if errors.Is(err, broker.ErrNoQueue) {
		return reply{}, &refusal{status: http.StatusNotFound, title: "404 Not Found", withoutBody: true}
	}
	return empty(http.StatusNoContent), err
}

// getMetadataV1 returns the metadata in v1.
func getMetadataV1(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil {
		return reply{}, missingQueue(c, err)
	}
	c.location = c.queuePath("metadata")
	return jsonReply(http.StatusOK, content)
}

// putMetadataV1 replaces all metadata in v1, which has no reserved keys and refuses
// keys that look like them.
func putMetadataV1(c *call) (reply, error) {
	document, err := c.document(int64(c.srv.options.limits.MaxQueueMetadata))
	if err != nil {
		return reply{}, err
	}
	content, err := rawjson.Object(document)
	if err != nil {
		return reply{}, invalidBody("The metadata must be an object.")
	}
	for key := range content {
		if strings.HasPrefix(key, "_") {
			return reply{}, invalid("The key %q is reserved.", key)
		}
	}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		q, err := w.Queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		q.Metadata = content
		return w.SaveQueue(q)
	})
	return empty(http.StatusNoContent).with("Location", c.queuePath("metadata")), err
}

// patchQueue changes single keys of the metadata, all or none. The result must be
// valid.
func patchQueue(c *call) (reply, error) {
	limits := c.srv.options.limits
	if c.size > int64(limits.MaxQueueMetadata) {
		return reply{}, invalidBody("The body is larger than %d bytes.", limits.MaxQueueMetadata)
	}
	if c.req.Header.Get("Content-Type") != patchType {
		return reply{}, &refusal{
			status: http.StatusUnsupportedMediaType, title: "415 Unsupported Media Type",
			description: "The media type of a patch is " + patchType + ".",
		}
	}
	document, err := c.document(int64(limits.MaxQueueMetadata))
	if err != nil {
		return reply{}, err
	}
	edits, err := broker.ParsePatch(document)
	if err != nil {
		return reply{}, invalidBody("%v.", err)
	}
	var content broker.Metadata
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		q, err := w.Queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		if content, err = q.Metadata.Patched(edits, limits); err != nil {
			return &refusal{status: http.StatusConflict, title: "Resource conflict", description: err.Error()}
		}
		if err := limits.CheckMetadata(content); err != nil {
			return invalidBody("%v.", err)
		}
		if size, err := rawjson.Marshal(content); err != nil || len(size) > limits.MaxQueueMetadata {
			return invalidBody("The metadata would be larger than %d bytes.", limits.MaxQueueMetadata)
		}
		q.Metadata = content
		return w.SaveQueue(q)
	})
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, content.WithReserved(limits))
}

// missingQueue turns the error for a missing queue into a 404. It returns other
// errors as they are.
func missingQueue(c *call, err error) error {
	if errors.Is(err, broker.ErrNoQueue) {
		return notFound("Queue %s does not exist.", c.param("queue"))
	}
	return err
}

// deleteQueue deletes a queue, which need not exist.
func deleteQueue(c *call) (reply, error) {
	return empty(http.StatusNoContent), c.srv.broker.DeleteQueue(c.project, c.param("queue"))
}
