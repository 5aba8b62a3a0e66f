%% Everything that goes wrong in this module goes wrong on purpose: each thing
%% that it does makes the node's logger write one kind of report.
-module(mishap).

-export([run/2]).
-export([init/1, callback_mode/0, handle_call/3, handle_cast/2, handle_event/2, handle_event/4]).
-export([listen/1, serve/1]).

%% run(File, Formatters) lets everything happen that there are reports of, once for each formatter's configuration.
run(File, Formatters) ->
    logger:set_primary_config(level, all),
    logger:remove_handler(default),
    [run_with(File, F) || F <- Formatters].

run_with(File, Formatter) ->
    ok = logger:add_handler(crash, logger_std_h, #{
        config => #{file => File}, formatter => {logger_formatter, Formatter}}),
    Mishaps = [fun server/0, fun machine/0, fun handler/0, fun child/0, fun listener/0, fun emulator/0, fun levels/0],
    [log(M) || M <- Mishaps],
    ok = logger:remove_handler(crash).

%% log lets something happen, and waits until the logger has written about it.
log(Mishap) ->
    Mishap(),
    timer:sleep(50),
    logger_std_h:filesync(crash).

%% die waits for the end of a process.
die(Pid, What) ->
    Ref = monitor(process, Pid),
    What(),
    receive {'DOWN', Ref, _, _, _} -> ok end.

server() ->
    {ok, Pid} = gen_server:start({local, mishap_server}, ?MODULE, {server, lists:seq(1, 40)}, []),
    die(Pid, fun() -> gen_server:cast(Pid, {fail, [{room, N, "a name"} || N <- lists:seq(1, 12)]}) end).

machine() ->
    {ok, Pid} = gen_statem:start({local, mishap_machine}, ?MODULE, machine, []),
    die(Pid, fun() -> gen_statem:cast(Pid, fail) end).

handler() ->
    {ok, Pid} = gen_event:start({local, mishap_events}),
    ok = gen_event:add_handler(Pid, ?MODULE, events),
    gen_event:sync_notify(Pid, fail),
    gen_event:stop(Pid).

child() ->
    {ok, Pid} = gen_server:start(?MODULE, starter, []),
    gen_server:stop(Pid).

%% listener accepts one connection as Ranch does, and tells of the end of the process that served it as Ranch does.
listener() ->
    {ok, Socket} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}]),
    {ok, Port} = inet:port(Socket),
    Listener = spawn(?MODULE, listen, [Socket]),
    die(Listener, fun() -> {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, []), gen_tcp:close(C) end).

listen(Socket) ->
    process_flag(trap_exit, true),
    {ok, Connection} = gen_tcp:accept(Socket),
    Pid = spawn_link(?MODULE, serve, [Connection]),
    receive
        {'EXIT', Pid, Reason} ->
            error_logger:error_msg("Ranch listener ~p had connection process started with ~p:start_link/3 at ~p exit with reason: ~0p~n",
                                   [mishap_api, ?MODULE, Pid, Reason])
    end.

serve(_) -> exit({shutdown_of, [listener, "by itself"]}).

emulator() ->
    Pid = spawn(fun() -> receive go -> lists:nth(length(get()) + 1, []) end end),
    die(Pid, fun() -> Pid ! go end).

levels() ->
    [logger:log(L, "the level is ~p~nand goes on", [L])
     || L <- [debug, info, notice, warning, error, critical, alert, emergency]].

init(machine) -> {ok, waiting, #{calls => 3}};
init(events) -> {ok, []};
init(starter) ->
    process_flag(trap_exit, true),
    {ok, Sup} = supervisor:start_link({local, mishap_sup}, ?MODULE, supervisor),
    die(Sup, fun() -> exit(whereis(mishap_child), {lost, "the way"}) end),
    {ok, starter};
init(supervisor) ->
    {ok, {#{strategy => one_for_one, intensity => 0, period => 1},
          [#{id => mishap_child, start => {gen_server, start_link, [{local, mishap_child}, ?MODULE, child, []]}}]}};
init(State) -> {ok, State}.

callback_mode() -> [handle_event_function].

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast({fail, Term}, State) -> {stop, {badly, Term}, State}.
handle_event(fail, _) -> error({no_room, "in the event handler"}).
handle_event(cast, fail, _, #{calls := Calls}) -> Calls = length(get()) + 99, keep_state_and_data.
