# shellcheck shell=bash
# Sourced by tests: a SLURM of one node on this machine, for the user who runs it. It lives in one folder and leaves nothing behind.

# slurm_missing: prints what is not installed, if anything
slurm_missing() {
    local program
    for program in munged munge slurmctld slurmd sbatch srun squeue scontrol scancel; do
        PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null || { echo "$program"; return; }
    done
}

# slurm_free_port AFTER: a port that nobody listens on
slurm_free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

slurm_configure() {
    local folder=$1 node=$2 cpus=$3 user port
    user=$(id -un)
    port=$(slurm_free_port $((20000 + RANDOM % 10000)))
    cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$(slurm_free_port $((port + 1)))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
InactiveLimit=0
KillWait=5
NodeName=$node NodeHostname=$node NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=UNLIMITED DefaultTime=10 State=UP
END
}

# slurm_up FOLDER CPUS: starts it and sets SLURM_CONF. 1: it did not start, and the logs are shown
slurm_up() {
    local folder=$1 cpus=$2 node variable
    node=$(uname -n)
    node=${node%%.*}
    PATH=$PATH:/usr/sbin:/sbin
    for variable in ${!SLURM_@} ${!PMI_@} ${!PMIX_@}; do unset "$variable"; done
    export SLURM_CONF=$folder/slurm.conf
    mkdir -p "$folder/state" "$folder/spool" "$folder/key"
    chmod 755 "$folder" "$folder/state" "$folder/spool"
    chmod 700 "$folder/key"
    (umask 077 && head -c 1024 /dev/urandom >"$folder/key/munge.key")
    slurm_configure "$folder" "$node" "$cpus"
    # --force: the socket may stand in a folder that others may not enter
    munged --force --num-threads=2 --key-file="$folder/key/munge.key" --socket="$folder/socket" --pid-file="$folder/munged.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/key/seed" 2>>"$folder/start.log" &&
        slurmctld -f "$SLURM_CONF" >>"$folder/start.log" 2>&1 </dev/null &&
        slurmd -f "$SLURM_CONF" -N "$node" >>"$folder/start.log" 2>&1 </dev/null
    for _ in $(seq 100); do
        [ "$(timeout 5 sinfo --noheader --format=%T 2>/dev/null)" = idle ] && return 0
        sleep 0.1
    done
    tail -n 20 "$folder"/*.log
    return 1
}

# slurm_down FOLDER: ends the jobs and what slurm_up started
slurm_down() {
    local folder=$1 program pid
    if [ -s "$folder/slurmctld.pid" ]; then
        timeout 10 scancel --me 2>/dev/null
        for _ in $(seq 50); do
            [ -z "$(timeout 5 squeue --noheader 2>/dev/null)" ] && break
            sleep 0.1
        done
    fi
    for program in slurmd slurmctld munged; do
        pid=$(cat "$folder/$program.pid" 2>/dev/null) || continue
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = $program ] || continue
        kill -TERM "$pid"
        for _ in $(seq 50); do
            [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = $program ] || break
            sleep 0.1
        done
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = $program ] && kill -KILL "$pid"
    done
    return 0
}
