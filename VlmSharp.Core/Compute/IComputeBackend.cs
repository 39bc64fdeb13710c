namespace VlmSharp.Compute;

/// <summary>
/// Runs the operators of the transformer. A model is written once, above this interface. A backend has its own memory and a kernel for each
/// type of <see cref="IOperator"/>, and knows nothing about models.
/// </summary>
/// <remarks>
/// <para>The operators are in <c>Compute/Operators</c>, each in a file with its equation, and are called as <c>b.Linear(x, weight)</c>,
/// <c>b.Rope(q, angles)</c>. Axes: T tokens of the step (all sequences together), F features, H query heads, K key-value heads, D head
/// size, V vocabulary.</para>
/// <para>Operators are functional: they read their arguments and return a new matrix, which the caller disposes of. The few with an effect
/// change a cache or a parameter that the caller owns. Operators run in the order in which they are called. A backend may queue them
/// (<see cref="IsQueued"/>). Then <see cref="Download"/> is the only call that waits. A matrix or cache that a queued operator reads or
/// writes may be disposed of, because its memory is reused only after that operator.</para>
/// <para>A backend is used by one thread at a time.</para>
/// <para>To build one: derive storage from <see cref="BackendStorage"/>, parameters from <see cref="Weight"/>, caches from
/// <see cref="KvCache"/>, and implement <see cref="Run"/>: first <see cref="IOperator.Check"/>, which gives the result's shape, then the
/// kernel. A type of operator without a kernel throws a <see cref="NotSupportedException"/> that names it. Members that have a body here
/// need not be implemented. <c>test/VlmSharp.Backend.Tests</c> has a complete backend on plain arrays.</para>
/// </remarks>
public interface IComputeBackend : IDisposable
{
    /// <summary>A short name to select it by.</summary>
    string Name { get; }

    /// <summary>What it runs on, for people: device, SIMD tier, threads.</summary>
    string Description { get; }

    /// <summary>
    /// Threads of this process that it computes on, including the caller's. Code that prepares weights for it uses no more.
    /// </summary>
    int Threads => 1;

    /// <summary>
    /// Whether operators are queued and run later. Then a caller saves time by queueing a step before it reads the result of the step
    /// before.
    /// </summary>
    bool IsQueued => false;

    /// <summary>
    /// Whether <see cref="LoadWeight"/> copies parameters into memory of its own. Then they must fit there, which is checked before the
    /// first one is loaded, and their sources can be closed.
    /// </summary>
    bool CopiesWeights => false;

    /// <summary>
    /// Bytes that parameters, caches and activations may take together: the memory available to the process, or the memory that was free on
    /// a device when it was opened.
    /// </summary>
    long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The format of keys and values in the caches that it creates: F32 or BF16.</summary>
    DType KvCacheFormat => DType.F32;

    /// <summary>Allocates a matrix with undefined content.</summary>
    /// <param name="rows">How many rows, one per token or patch; may be 0.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <returns>[rows, columns].</returns>
    Matrix Allocate(int rows, int columns);

    /// <summary>Copies numbers from the host into a new matrix.</summary>
    /// <param name="values">rows * columns numbers, row-major.</param>
    /// <param name="rows">How many rows, one per token or patch; may be 0.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <returns>[rows, columns].</returns>
    Matrix Upload(ReadOnlySpan<float> values, int rows, int columns);

    /// <summary>Copies ids or row numbers from the host, for use by any number of operators.</summary>
    /// <param name="values">n integers.</param>
    /// <returns>The n integers on the backend.</returns>
    Indices Upload(ReadOnlySpan<int> values);

    /// <summary>Copies a matrix to the host, after all operators before it have run: one round trip to a device.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="destination">rows * columns numbers, row-major.</param>
    void Download(Matrix x, Span<float> destination);

    /// <summary>Makes a parameter usable: a view of the mapped bytes if the backend can read them, else a copy on the device.</summary>
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
    /// Prepares the table of a step's sequences for its operators. A device uploads it here, once per step, and every layer reads that
    /// copy. By default the table is the batch itself.
    /// </summary>
    /// <remarks>
    /// A device that records (<see cref="Replay"/>) writes the table of the same <see cref="SequenceBatch"/> to the same place each time,
    /// as long as the number of rows stays the same. A device that queues must write it after the operators that are already queued,
    /// because they still read the old table.
    /// </remarks>
    /// <param name="batch">The sequences whose rows are computed together.</param>
    /// <returns>The table, valid until the batch is changed; owned by the backend.</returns>
    StepTable Prepare(SequenceBatch batch) => batch.Table;

    /// <summary>Runs an operator.</summary>
    /// <param name="op">The operator with its arguments.</param>
    /// <typeparam name="TOperator">A struct with the operator's arguments; its type chooses the kernel.</typeparam>
    /// <returns>Its result, owned by the caller; <c>default</c> for an operator that has an effect and no result.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or an argument belongs to another backend.</exception>
    /// <exception cref="NotSupportedException">The backend has no kernel for it.</exception>
    Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator;

    /// <summary>Runs several operators that belong together, by default one after another.</summary>
    /// <param name="op">The operators with their arguments.</param>
    /// <typeparam name="TOperator">The group of operators.</typeparam>
    /// <typeparam name="TResult">The type of their results.</typeparam>
    /// <returns>Their results, owned by the caller.</returns>
    TResult RunFused<TOperator, TResult>(in TOperator op) where TOperator : struct, IFusedOperator<TResult> => op.Compose(this);

    /// <summary>
    /// Runs work that is repeated many times: the same operators on the same shapes and parameters. A device may record what the body
    /// queues and replay it later without calling the body. By default the body is called.
    /// </summary>
    /// <remarks>
    /// Only two things differ between two calls with equal keys: the input, and what <see cref="Prepare"/> has written into the step's
    /// table. Everything else that the body reads (ids, parameters, rules) is the same, in the same place. So a device that records calls
    /// the body once, with a matrix of its own as the input. For each replay it copies the input into that matrix, and afterwards copies
    /// the recording's result into a new matrix; both copies are queued like operators. Memory that the body allocates and frees while it
    /// is recorded stays with the recording, because each replay writes to it. A device keeps only a few recordings with their keys, those
    /// used last, because it is not told when an owner is gone.
    /// </remarks>
    /// <param name="key">Identifies the work.</param>
    /// <param name="input">The matrix that differs from call to call; its shape is the same for equal keys.</param>
    /// <param name="state">Everything else that the body needs, so that it captures nothing.</param>
    /// <param name="body">Queues the work on the input. It neither uploads nor downloads nor prepares a step.</param>
    /// <typeparam name="TState">The state's type.</typeparam>
    /// <returns>The body's result, owned by the caller.</returns>
    Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body) => body(input, state);

    /// <summary>
    /// Runs a block of a network; by default it only calls the body. A tape keeps the block's input instead of everything that the body
    /// computes, and calls the body again in the backward pass (gradient checkpointing; Chen et al. 2016).
    /// </summary>
    /// <param name="input">The matrix that the block reads and that gets a gradient.</param>
    /// <param name="state">Everything else that the body needs, so that it captures nothing. It must be the same at a second call.</param>
    /// <param name="body">Runs the block's operators: the same ones for the same input.</param>
    /// <typeparam name="TState">The state's type.</typeparam>
    /// <returns>The body's result, owned by the caller.</returns>
    Matrix Block<TState>(Matrix input, TState state, Func<Matrix, TState, Matrix> body) => body(input, state);
}

/// <summary>Identifies work that <see cref="IComputeBackend.Replay"/> may record: equal keys mean equal operators.</summary>
/// <param name="Owner">The owner of the work, such as a session; two owners never share a recording.</param>
/// <param name="Rows">Rows of the step.</param>
/// <param name="Arguments">Everything else that the operators' arguments depend on, compared by value, such as how the tokens are
/// chosen.</param>
public readonly record struct ReplayKey(object Owner, int Rows, object Arguments);
