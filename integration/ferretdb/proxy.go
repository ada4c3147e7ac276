package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"go.mongodb.org/mongo-driver/bson"
)

// writes are the commands that change documents.
var writes = map[string]bool{"insert": true, "update": true, "delete": true, "findAndModify": true}

// proxy passes commands on to FerretDB, but one write to a database at a time.
//
// FerretDB reads the documents that match, and then writes them back, so that two
// clients at once change the same document and one of the changes is lost. In
// MongoDB the change of a document is atomic: it is made only if the document
// still matches. Zaqar's driver rests on that.
type proxy struct {
	server string // where FerretDB listens
	mu     sync.Mutex
	locks  map[string]*sync.Mutex // by the name of the database
}

// serve accepts connections until the context ends.
func (p *proxy) serve(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		client, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			if err := p.pass(ctx, client); err != nil && ctx.Err() == nil {
				slog.Warn("connection lost", "from", client.RemoteAddr(), "error", err)
			}
		}()
	}
}

// pass serves one connection.
func (p *proxy) pass(ctx context.Context, client net.Conn) error {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", p.server)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	for {
		request, err := readMessage(client)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.answer(client, server, request); err != nil {
			return err
		}
	}
}

// answer passes a request on, and its reply back.
func (p *proxy) answer(client, server net.Conn, request []byte) error {
	command, database, err := parse(request)
	if err != nil {
		return err
	}
	if writes[command] {
		lock := p.lock(database)
		lock.Lock()
		defer lock.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return err
	}
	reply, err := readMessage(server)
	if err != nil {
		return err
	}
	_, err = client.Write(reply)
	return err
}

func (p *proxy) lock(database string) *sync.Mutex {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.locks[database] == nil {
		p.locks[database] = &sync.Mutex{}
	}
	return p.locks[database]
}

// The protocol: a message begins with its length, the id of the request, the id of
// what it replies to, and the kind of message, four bytes each.
const (
	headerSize = 16
	kindAt     = 12
	flagsSize  = 4
	kindMsg    = 2013     // OP_MSG
	maxSize    = 48 << 20 // MongoDB's own limit
)

func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header)
	if size < headerSize || size > maxSize {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	message := append(header, make([]byte, size-headerSize)...)
	_, err := io.ReadFull(from, message[headerSize:])
	return message, err
}

// parse returns the command of a request, and its database. Both are empty for the
// messages of old protocols: with these clients only ask what the server is.
func parse(request []byte) (command, database string, err error) {
	if binary.LittleEndian.Uint32(request[kindAt:]) != kindMsg {
		return "", "", nil
	}
	// After the flags comes a section of kind 0: the command. Its first key is its
	// name.
	sections := request[headerSize:]
	if len(sections) < flagsSize+1 || sections[flagsSize] != 0 {
		return "", "", errors.New("a message without a command")
	}
	body, err := bson.ReadDocument(bytes.NewReader(sections[flagsSize+1:]))
	if err != nil {
		return "", "", err
	}
	first, err := body.IndexErr(0)
	if err != nil {
		return "", "", err
	}
	database, _ = body.Lookup("$db").StringValueOK()
	return first.Key(), database, nil
}
