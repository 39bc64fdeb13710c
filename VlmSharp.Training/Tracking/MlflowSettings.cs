namespace VlmSharp.Training.Tracking;

/// <summary>Which MLflow server follows a run, and under which names.</summary>
/// <param name="Server">Its address: <c>MLFLOW_TRACKING_URI</c>.</param>
/// <param name="Experiment">The experiment; made if it is not there.</param>
public sealed record MlflowSettings(Uri Server, string Experiment = "Default")
{
    /// <summary>The usual name of <see cref="RunIdFile"/> in a run's folder.</summary>
    public const string RunIdFileName = "mlflow-run";

    /// <summary>A bearer token (<c>MLFLOW_TRACKING_TOKEN</c>), or null.</summary>
    public string? Token { get; init; }

    /// <summary>A user (<c>MLFLOW_TRACKING_USERNAME</c>), or null.</summary>
    public string? User { get; init; }

    /// <summary>The user's password (<c>MLFLOW_TRACKING_PASSWORD</c>), or null.</summary>
    public string? Password { get; init; }

    /// <summary>A file with the id of the run, so that a resumed run continues it on the server; null for a new run each time.</summary>
    public string? RunIdFile { get; init; }

    /// <summary>Settings from the environment, read as MLflow's own client does.</summary>
    /// <param name="variable">Returns an environment variable, or null.</param>
    /// <returns>The settings, or null if no server is named or its address is not a web address.</returns>
    public static MlflowSettings? FromEnvironment(Func<string, string?> variable) =>
        Uri.TryCreate(variable("MLFLOW_TRACKING_URI"), UriKind.Absolute, out Uri? server) && server.Scheme is "http" or "https"
            ? new MlflowSettings(server, variable("MLFLOW_EXPERIMENT_NAME") ?? "Default")
            {
                Token = variable("MLFLOW_TRACKING_TOKEN"),
                User = variable("MLFLOW_TRACKING_USERNAME"),
                Password = variable("MLFLOW_TRACKING_PASSWORD"),
            }
            : null;
}
