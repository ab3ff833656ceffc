// Which newlines end a statement: those where the grammar can take one, unless the next line goes on with `else`, `|>` or
// `->`, or closes the body. Comments between the lines are looked past.

#include "tree_sitter/parser.h"

enum { NEWLINE, ERROR };

void *tree_sitter_sharedsl_external_scanner_create(void) { return NULL; }
void tree_sitter_sharedsl_external_scanner_destroy(void *payload) { (void)payload; }

unsigned tree_sitter_sharedsl_external_scanner_serialize(void *payload, char *buffer) {
  (void)payload;
  (void)buffer;
  return 0;
}

void tree_sitter_sharedsl_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  (void)payload;
  (void)buffer;
  (void)length;
}

static bool is_letter(int32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

static bool goes_on(TSLexer *lexer) {
  int32_t first = lexer->lookahead;
  if (first == '}') return true;
  if (first == '|' || first == '-') {
    lexer->advance(lexer, false);
    return lexer->lookahead == '>';
  }
  const char *word = "else";
  while (*word && lexer->lookahead == *word) {
    lexer->advance(lexer, false);
    word++;
  }
  return *word == '\0' && !is_letter(lexer->lookahead);
}

bool tree_sitter_sharedsl_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid_symbols) {
  (void)payload;
  // while errors are mended every token is said to be valid: leave newlines to be blanks
  if (!valid_symbols[NEWLINE] || valid_symbols[ERROR]) return false;
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t' || lexer->lookahead == '\r' || lexer->lookahead == '\f') {
    lexer->advance(lexer, true);
  }
  if (lexer->eof(lexer)) {
    lexer->mark_end(lexer);
    lexer->result_symbol = NEWLINE;
    return true;
  }
  if (lexer->lookahead != '\n') return false;
  lexer->advance(lexer, true);
  lexer->mark_end(lexer);
  for (;;) {
    int32_t c = lexer->lookahead;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\n') {
      lexer->advance(lexer, false);
    } else if (c == '#') {
      while (lexer->lookahead != '\n' && !lexer->eof(lexer)) lexer->advance(lexer, false);
    } else {
      break;
    }
  }
  if (goes_on(lexer)) return false;
  lexer->result_symbol = NEWLINE;
  return true;
}
