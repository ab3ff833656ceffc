/**
 * sharedsl for tree-sitter: what `grammar/sharedsl.lark` says, with names for editors.
 *
 * `src/scanner.c` decides which newlines end a statement. Soft words (`rank`, `groups`, ...) and the words that begin a
 * statement are keywords only where the grammar expects them, and identifiers elsewhere.
 */

const PREC = { pipe: 1, or: 2, and: 3, not: 4, compare: 5, sum: 6, product: 7, negation: 8, power: 9, post: 10 }

/** One or more, with commas between them. */
const list = (rule) => seq(rule, repeat(seq(',', rule)))
/** Any number of them, with commas between them and perhaps one at the end. */
const args = (rule) => optional(seq(list(rule), optional(',')))
/** `{ }` around statements, a newline between each and the next. */
const body = ($, statement) => seq('{', optional(seq(statement, repeat(seq($._newline, statement)))), '}')

module.exports = grammar({
  name: 'sharedsl',

  externals: ($) => [$._newline, $._error],
  extras: ($) => [/\s/, $.doc_comment, $.comment],
  word: ($) => $.identifier,
  supertypes: ($) => [$._item],

  rules: {
    source_file: ($) => repeat(seq($._item, $._newline)),

    // ------------------------------------------------------------------ items
    _item: ($) => choice($.import, $.model, $.block, $.function, $.extern_layer, $.plan, $.build),

    import: ($) => seq('import', field('path', $.string), '{', list(field('name', $._name)), optional(','), '}'),
    model: ($) => seq('model', field('name', $._name), $.parameters, field('body', $.declarations)),
    block: ($) => seq('block', field('name', $._name), $.parameters, field('body', $.declarations)),
    function: ($) =>
      seq('function', field('name', $._name), $.inputs, '->', field('outputs', $._outputs), field('body', $.statements)),
    extern_layer: ($) =>
      seq('extern', 'layer', field('name', $._name), $.parameters, 'from', field('path', $.string),
        field('body', $.signatures)),
    plan: ($) =>
      seq('sharing', field('name', $._name), optional($.parameters), 'of', field('model', $._name),
        optional(seq('extends', list($.plan_reference))), field('body', $.relations)),
    build: ($) =>
      seq('build', field('name', $._name), '=', field('model', $._name), $.arguments,
        optional(seq('with', list($.plan_reference))), optional(field('body', $.requests))),

    plan_reference: ($) => seq(field('name', $._name), optional($.arguments)),
    parameters: ($) => seq('(', args($.parameter), ')'),
    parameter: ($) =>
      seq(field('name', $._name), optional(seq(':', field('kind', choice($._name, alias('function', $.identifier))))),
        optional(seq('=', field('default', $._expression)))),

    // ------------------------------------------------------------------ models and blocks
    declarations: ($) => body($, $._declaration),
    _declaration: ($) =>
      choice($.layer, $.weight, $.buffer, $.state, $.require, $.init, $.forward, $.declared_if, $.declared_for),

    layer: ($) =>
      seq('layer', field('name', $._name),
        optional(seq('[', field('index', $._name), 'in', field('range', $._expression), ']')),
        '=', field('value', $._expression)),
    weight: ($) =>
      seq('weight', field('name', $._name), '[', optional($._dims), optional(seq('|', $._dims)), ']',
        optional(seq(':', field('kind', $._name))), optional(seq('init', field('init', $._expression))),
        repeat(choice('frozen', 'no_decay'))),
    buffer: ($) =>
      seq('buffer', field('name', $._name), ':', $.type, optional(seq('=', field('value', $._expression)))),
    state: ($) =>
      seq('state', field('name', $._name), ':', $.type, optional(seq('=', field('value', $._expression)))),
    require: ($) => seq('require', $._expression),
    init: ($) => seq('init', field('selector', $.selector), '=', field('value', $._expression)),
    declared_if: ($) =>
      seq('if', field('condition', $._expression), $.declarations,
        optional(seq('else', choice($.declared_if, $.declarations)))),
    declared_for: ($) => seq('for', field('index', $._name), 'in', field('range', $._expression), $.declarations),
    forward: ($) =>
      seq('forward', optional(field('name', $._name)), $.inputs, '->', field('outputs', $._outputs),
        field('body', $.statements)),

    signatures: ($) => body($, choice($.weight, $.buffer, $.state, $.require, $.init, $.signature)),
    signature: ($) =>
      seq('forward', optional(field('name', $._name)), $.inputs, '->', field('outputs', $._outputs)),

    inputs: ($) => seq('(', args($.input), ')'),
    input: ($) => seq(field('name', $._name), ':', $.type, optional(seq('=', field('default', $._expression)))),
    _outputs: ($) => choice($.type, $.outputs),
    outputs: ($) => seq('(', list($.output), optional(','), ')'),
    output: ($) => seq(optional(seq(field('name', $._name), ':')), $.type),
    type: ($) => seq(field('name', $._name), optional(seq('[', optional($._dims), ']'))),
    _dims: ($) => seq(list($._dim), optional(',')),
    _dim: ($) => choice($._expression, $.rest, $.labelled_dim),
    rest: () => '...',
    labelled_dim: ($) => seq(field('name', $._name), '=', field('value', $._expression)),

    // ------------------------------------------------------------------ forward
    statements: ($) => body($, $._statement),
    _statement: ($) => choice($.assignment, $.return, $.for, $.if, $.require),
    assignment: ($) => seq(list(field('name', $._name)), '=', list(field('value', $._expression))),
    return: ($) => seq('return', list($._expression)),
    for: ($) =>
      seq('for', list(field('index', $._name)), 'in', field('range', $._expression),
        optional(seq('while', field('condition', $._expression))), $.statements),
    if: ($) =>
      seq('if', field('condition', $._expression), $.statements, optional(seq('else', choice($.if, $.statements)))),

    // ------------------------------------------------------------------ plans
    relations: ($) => body($, $._relation),
    _relation: ($) =>
      choice($.tie, $.share, $.fold, $.factorize, $.adapt, $.freeze, $.local, $.untie, $.reuse, $.init, $.weight,
        $.stage, $.planned_for, $.planned_if, $.require),

    tie: ($) => seq('tie', $.selector, '=', field('value', $._expression), optional($.with)),
    share: ($) =>
      seq('share', $.selector,
        optional(choice(seq('across', $._selectors, optional($._how)), seq('along', field('axis', $._name), optional($._how)))),
        optional($.except), optional($.with)),
    fold: ($) =>
      seq('fold', $.selector, choice(seq($._times, 'times'), seq('as', field('order', $._expression))),
        optional($.except), optional($.with)),
    _times: ($) => field('times', choice($.number, $.identifier, $.parenthesized)),
    factorize: ($) =>
      seq('factorize', $.selector,
        choice(
          seq(optional(seq('across', $._selectors, optional($._how_in))), optional($._rank), optional($._form)),
          seq('across', $._selectors, $._map, $._rank, optional($._form)),
          seq('across', $._selectors, $._map, $._form),
        )),
    _rank: ($) => seq('rank', field('rank', $._expression)),
    _form: ($) => seq('as', field('form', $._expression)),
    _map: ($) => seq('as', field('map', $._expression)),
    adapt: ($) => seq('adapt', $.selector, $.with),
    freeze: ($) => seq('freeze', $.selector),
    local: ($) => seq('local', $.selector),
    untie: ($) => seq('untie', $.selector),
    reuse: ($) => seq('reuse', $.selector, 'across', $._selectors, optional($._how)),
    stage: ($) => seq('stage', field('name', $._name), 'from', 'step', field('step', $._expression), $.relations),
    planned_for: ($) => seq('for', list(field('index', $._name)), 'in', field('range', $._expression), $.relations),
    planned_if: ($) =>
      seq('if', field('condition', $._expression), $.relations,
        optional(seq('else', choice($.planned_if, $.relations)))),

    _how: ($) => choice($._how_in, $._map),
    _how_in: ($) =>
      choice(
        seq('in', 'groups', 'of', field('groups', $._expression)),
        seq('in', field('groups', $._expression), 'groups'),
        seq('in', 'cycle', 'of', field('cycle', $._expression), optional('reversed')),
      ),
    except: ($) => seq('except', $._selectors),
    with: ($) => seq('with', list($.part)),
    part: ($) => seq(field('name', $._name), optional($.arguments), optional(seq('on', $.selector))),

    // ------------------------------------------------------------------ builds
    requests: ($) => body($, choice($.budget, $.dtype, $.test, $.incremental)),
    budget: ($) =>
      seq('budget', field('quantity', $._name), optional($.arguments), field('operator', $._comparison),
        field('limit', $._expression)),
    dtype: ($) => seq('dtype', field('name', $._name)),
    test: ($) => seq('test', $.arguments),
    incremental: () => 'incremental',

    // ------------------------------------------------------------------ selectors
    _selectors: ($) => list($.selector),
    selector: ($) => seq($._segment, repeat(seq('.', $._segment))),
    _segment: ($) =>
      seq(choice($._name, $.wildcard, $.alternatives),
        optional(choice($.subscripts, $.application, seq($.subscripts, $.application), seq($.application, $.subscripts)))),
    wildcard: () => choice('*', '**'),
    alternatives: ($) => seq('{', args($.selector), '}'),

    // ------------------------------------------------------------------ expressions
    _expression: ($) => choice($.pipe, $._choice),
    pipe: ($) => prec.left(PREC.pipe, seq($._expression, '|>', $._choice)),
    _choice: ($) => choice($.ternary, $._operation),
    ternary: ($) =>
      seq(field('then', $._operation), 'if', field('condition', $._operation), 'else', field('else', $._choice)),
    _operation: ($) => choice($.binary, $.unary, $._post),
    binary: ($) => {
      const table = [
        [PREC.or, 'or'],
        [PREC.and, 'and'],
        [PREC.compare, choice($._comparison, 'in')],
        [PREC.sum, choice('+', '-')],
        [PREC.product, choice('*', '/', '//', '%', '@')],
      ]
      const left = table.map(([level, operator]) =>
        prec.left(level,
          seq(field('left', $._operation), field('operator', operator), field('right', $._operation))))
      const power = prec.right(PREC.power,
        seq(field('left', $._operation), field('operator', '**'), field('right', $._operation)))
      return choice(...left, power)
    },
    _comparison: () => choice('==', '!=', '<=', '>=', '<', '>'),
    unary: ($) =>
      choice(prec(PREC.not, seq('not', $._operation)), prec(PREC.negation, seq('-', $._operation))),

    _post: ($) => choice($.attribute, $.call, $.index, $.applied, $._atom),
    attribute: ($) => prec(PREC.post, seq($._post, '.', field('name', $._name))),
    call: ($) => prec(PREC.post, seq(field('function', $._post), $.arguments)),
    index: ($) => prec(PREC.post, seq($._post, $.subscripts)),
    applied: ($) => prec(PREC.post, seq($._post, $.application)),
    _atom: ($) => choice($._name, $.number, $.string, $.parenthesized, $.tuple, $.list, $.comprehension),
    parenthesized: ($) => seq('(', $._expression, ')'),
    tuple: ($) => seq('(', $._expression, ',', args($._expression), ')'),
    list: ($) => seq('[', args($._argument), ']'),
    comprehension: ($) =>
      seq('[', $._expression, 'for', list(field('index', $._name)), 'in', field('range', $._operation),
        optional(seq('if', field('condition', $._operation))), ']'),
    arguments: ($) => seq('(', args($._argument), ')'),
    _argument: ($) => choice($._expression, $.named_argument),
    named_argument: ($) => seq(field('name', $._name), '=', field('value', $._expression)),
    subscripts: ($) => seq('[', list($._subscript), optional(','), ']'),
    _subscript: ($) => choice($._expression, $.slice, alias('*', $.wildcard), $.named_subscript),
    named_subscript: ($) => seq(field('name', $._name), '=', field('value', choice($._expression, $.slice))),
    slice: ($) =>
      seq(optional($._expression), ':', optional($._expression), optional(seq(':', $._expression))),
    application: () => token(/@(\d+|\*)/),

    // ------------------------------------------------------------------ tokens
    _name: ($) =>
      choice($.identifier,
        ...['groups', 'of', 'cycle', 'reversed', 'rank', 'times', 'step', 'on', 'frozen', 'no_decay', 'from', 'with',
          'across', 'along', 'extends', 'as', 'except'].map((word) => alias(word, $.identifier))),
    identifier: () => /[A-Za-z_][A-Za-z_0-9]*/,
    number: () => /[0-9][0-9_]*(\.[0-9]+)?([eE][+-]?[0-9]+)?[A-Za-z_0-9]*/,
    string: () => /"[^"\r\n]*"/,
    doc_comment: () => token(prec(1, /##([^#\n][^\n]*)?/)),
    comment: () => token(/#[^\n]*/),
  },
})
