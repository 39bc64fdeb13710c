namespace VlmSharp.Cli.Errors;

/// <summary>The exit codes. Documented in <c>vlmsharp --help</c>.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A fault of the program itself.</summary>
    public const int Internal = 1;

    /// <summary>
    /// A probe: there is no server, or it is not ready. doctor: a problem was found. Docker treats this code as unhealthy.
    /// </summary>
    public const int NotReady = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The model folder or its tokenizer cannot be used.</summary>
    public const int Model = 3;

    /// <summary>A picture or another input file cannot be read, or an output cannot be written.</summary>
    public const int Input = 4;

    /// <summary>The model cannot do what was asked (too long, no tokenizer, no picture), or the requested GPU cannot be used.</summary>
    public const int Request = 5;

    /// <summary>A batch: more items failed than allowed. A retry does not help.</summary>
    public const int TooManyErrors = 65;

    /// <summary>Training or evaluation data that cannot be used as they are.</summary>
    public const int BadData = 65;

    /// <summary>
    /// A batch: its list could not be read, or its results could not be written. A pull: the network or the hub. A retry may help.
    /// </summary>
    public const int TryAgain = 75;

    /// <summary>Ctrl-C, and SIGTERM in commands that have nothing to save. A server ends with success after its first signal.</summary>
    public const int Canceled = 130;

    /// <summary>SIGTERM: a training run that saved its state and can be resumed, a load test, or the second signal to a server.</summary>
    public const int Terminated = 143;
}
