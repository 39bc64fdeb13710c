namespace VlmSharp.Compute;

/// <summary>
/// What runs the operators of the transformer. A model is written once, above this interface; a backend has its own memory and
/// a kernel for each type of <see cref="IOperator"/>, and knows nothing of models.
/// </summary>
/// <remarks>
/// <para>The operators stand in <c>Compute/Operators</c>, a file each with its equation, and are called as
/// <c>b.Linear(x, weight)</c>, <c>b.Rope(q, angles)</c>.
/// Axes: T tokens of the step (all sequences together), F features, H query heads, K key-value heads, D head size, V vocabulary.</para>
/// <para>Operators are functional: they read their arguments and return a new matrix, which the caller disposes of. The few with an
/// effect have it on a cache that the caller owns. They run in the order in which they are called. A backend may queue them
/// (<see cref="IsQueued"/>): then <see cref="Download"/> is the only call that waits, and disposing of what a queued operator reads or writes,
/// a matrix or a cache, is allowed, for its memory is used again only behind it.</para>
/// <para>A backend is used by one thread at a time.</para>
/// <para>To build one: derive storage from <see cref="BackendStorage"/>, parameters from <see cref="Weight"/>, caches from
/// <see cref="KvCache"/>, and implement <see cref="Run"/>: first <see cref="IOperator.Check"/>, which gives the result's shape, then
/// the kernel. A type of operator that it has no kernel for is a <see cref="NotSupportedException"/> that names it, never a wrong number.
/// Members that have a body here can stay as they are. <c>test/VlmSharp.Backend.Tests</c> has a whole backend over plain arrays.</para>
/// </remarks>
public interface IComputeBackend : IDisposable
{
    /// <summary>A short name to choose it by.</summary>
    string Name { get; }

    /// <summary>What really runs: device, SIMD tier, threads. For people.</summary>
    string Description { get; }

    /// <summary>Threads of this process that it computes on, the caller's included. What prepares weights for it takes no more.</summary>
    int Threads => 1;

    /// <summary>
    /// Whether operators are queued and run later. Then a caller gains by queueing a step before it reads what the one before gave.
    /// </summary>
    bool IsQueued => false;

    /// <summary>
    /// Whether <see cref="LoadWeight"/> copies parameters into memory of its own. Then they must fit there, which is checked before the first is loaded, and what they
    /// were made from need not stay.
    /// </summary>
    bool CopiesWeights => false;

    /// <summary>Bytes that parameters, caches and activations may take together: what the process may use, or what was free on a device when it was opened.</summary>
    long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>How the caches that it creates store keys and values: F32 or BF16.</summary>
    DType KvCacheFormat => DType.F32;

    /// <summary>Allocates a matrix with undefined content.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>[rows, columns].</returns>
    Matrix Allocate(int rows, int columns);

    /// <summary>Copies numbers from the host into a new matrix.</summary>
    /// <param name="values">rows * columns numbers, row-major.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>[rows, columns].</returns>
    Matrix Upload(ReadOnlySpan<float> values, int rows, int columns);

    /// <summary>Copies ids or row numbers from the host, for as many operators as need them.</summary>
    /// <param name="values">n integers.</param>
    /// <returns>The n integers on the backend.</returns>
    Indices Upload(ReadOnlySpan<int> values);

    /// <summary>Copies a matrix to the host, after everything before it has run: one round trip to a device.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="destination">rows * columns numbers, row-major.</param>
    void Download(Matrix x, Span<float> destination);

    /// <summary>Makes a parameter usable: a view of the mapped bytes where the backend can read them, else a copy on the device.</summary>
    /// <param name="data">The parameter in the checkpoint.</param>
    /// <returns>The parameter, to be disposed of before the checkpoint.</returns>
    Weight LoadWeight(in WeightData data);

    /// <summary>Creates an empty cache for one sequence.</summary>
    /// <param name="layers">Decoder layers.</param>
    /// <param name="width">K * D.</param>
    /// <param name="capacity">Tokens it can hold.</param>
    /// <returns>The cache, owned by the caller.</returns>
    KvCache CreateKvCache(int layers, int width, int capacity);

    /// <summary>
    /// Makes the table of a step's sequences ready for its operators: a device uploads it here, once a step, and every layer
    /// reads it there. By default the table is the batch itself.
    /// </summary>
    /// <remarks>
    /// A device that records (<see cref="Replay"/>) writes the table of the same <see cref="SequenceBatch"/> to the same place each time,
    /// as long as it has as many rows. A device that queues writes it behind what was queued before, which still reads the old table.
    /// </remarks>
    /// <param name="batch">The step.</param>
    /// <returns>The table, valid until the batch is changed; owned by the backend.</returns>
    StepTable Prepare(SequenceBatch batch) => batch.Table;

    /// <summary>Runs an operator.</summary>
    /// <param name="op">The operator with its arguments.</param>
    /// <typeparam name="TOperator">Which operator.</typeparam>
    /// <returns>Its result, owned by the caller; <c>default</c> of an operator that has an effect and no result.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or an argument belongs to another backend.</exception>
    /// <exception cref="NotSupportedException">The backend has no kernel for it.</exception>
    Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator;

    /// <summary>Runs several operators that stand together, by default one after another.</summary>
    /// <param name="op">The operators with their arguments.</param>
    /// <typeparam name="TOperator">Which.</typeparam>
    /// <typeparam name="TResult">What they give.</typeparam>
    /// <returns>Their results, owned by the caller.</returns>
    TResult RunFused<TOperator, TResult>(in TOperator op) where TOperator : struct, IFusedOperator<TResult> => op.Compose(this);

    /// <summary>
    /// Runs a piece of work that comes again and again: the same operators on the same shapes and parameters. A device may record what
    /// the body queues and replay it later without calling the body; by default the body is called.
    /// </summary>
    /// <remarks>
    /// Between two calls with equal keys two things differ: the input, and what <see cref="Prepare"/> has written into the step's table.
    /// All else that the body reads (ids, parameters, rules) is the same, in the same place. So a device that records calls the body
    /// once, with a matrix of its own as the input. For each replay it copies the input there, and then the result from
    /// where the recording leaves it into a new matrix; both copies are queued like operators. Memory that the body takes and gives back
    /// while it is recorded stays with the recording, for each replay writes to it. A device keeps a recording together with its key, and
    /// only a few of them, the last ones used: nobody tells it when an owner is gone.
    /// </remarks>
    /// <param name="key">Which work.</param>
    /// <param name="input">The matrix that differs from call to call; its shape is the same for equal keys.</param>
    /// <param name="state">What else the body needs, so that it captures nothing.</param>
    /// <param name="body">Queues the work on the input. It neither uploads nor downloads nor prepares a step.</param>
    /// <typeparam name="TState">The state's type.</typeparam>
    /// <returns>The body's result, owned by the caller.</returns>
    Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body) => body(input, state);

    /// <summary>
    /// Runs a block of a network, by default the body and no more. A tape keeps the block's input instead of all that the body computes, and calls the
    /// body again on the way back (gradient checkpointing; Chen et al. 2016).
    /// </summary>
    /// <param name="input">What the block reads and the gradient flows to.</param>
    /// <param name="state">What else the body needs, so that it captures nothing. It must be the same at a second call.</param>
    /// <param name="body">Runs the block's operators: the same on the same input.</param>
    /// <typeparam name="TState">The state's type.</typeparam>
    /// <returns>The body's result, owned by the caller.</returns>
    Matrix Block<TState>(Matrix input, TState state, Func<Matrix, TState, Matrix> body) => body(input, state);
}

/// <summary>Names work that <see cref="IComputeBackend.Replay"/> may record: equal keys mean equal operators.</summary>
/// <param name="Owner">Whose work it is, for instance a session: two owners never share a recording.</param>
/// <param name="Rows">Rows of the step.</param>
/// <param name="Arguments">What else the operators' arguments depend on, compared by value: how the tokens are chosen.</param>
public readonly record struct ReplayKey(object Owner, int Rows, object Arguments);
